//! A program: from C or from an object to what the kernel has accepted.

use std::path::Path;
use std::path::PathBuf;

use execsnoop_host::Obstacle;
use execsnoop_host::features::HostFeatures;
use execsnoop_host::obstacle_before_load;
use libbpf_rs::MapType;
use libbpf_rs::ObjectBuilder;
use libbpf_rs::OpenMapMut;
use libbpf_rs::OpenObject;
use libbpf_rs::OpenProgramMut;
use libbpf_rs::ProgramType;

use crate::compile::compile;
use crate::compile_options::Attach;
use crate::compile_options::CompileOptions;
use crate::compile_options::Compiled;
use crate::compile_options::Dialect;
use crate::compile_options::Source;
use crate::compile_options::Target;
use crate::emit::crate_template;
use crate::emit::crate_template::MapRole;
use crate::emit::source_bundle::bundle;
use crate::object::object_info::ObjectError;
use crate::object::object_info::ObjectInfo;
use crate::runtime::attach;
use crate::runtime::load_error::LoadError;
use crate::runtime::load_error::load_error;
use crate::runtime::loaded::Loaded;
use crate::toolchain::compile_error::CompileError;
use execsnoop_host::libbpf_log;
use execsnoop_host::verifier_log;

/// Of a ring buffer whose program does not say how large it is to be.
const RING_BYTES: u32 = 256 << 10;

/// Helpers that write to the trace pipe: bpf_trace_printk, bpf_trace_vprintk.
const PRINTK: [i32; 2] = [6, 177];

/// A BPF program with its maps and types, not loaded yet.
#[derive(Debug)]
pub struct Program {
    object: Vec<u8>,
    declared: ObjectInfo,
    attach: Vec<Attach>,
    compiled: Option<Compiled>,
    /// What it was compiled from, and how.
    origin: Option<(Source, CompileOptions)>,
}

/// A program cannot be made from its source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file cannot be read.
    #[error("cannot read {path}: {cause}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// It does not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// What was compiled cannot be used.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// A program cannot be made into a crate.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// Its headers cannot be read any more.
    #[error(transparent)]
    Headers(#[from] CompileError),
    /// libbpf does not know what to make of it.
    #[error(transparent)]
    Object(#[from] LoadError),
}

/// What the verifier says of one function.
#[derive(Debug)]
pub struct Verdict {
    /// The function.
    pub program: String,
    /// Its section.
    pub section: String,
    /// How many instructions it has.
    pub instructions: usize,
    /// How many the verifier went through, when it accepts it and says so; else why it cannot be
    /// loaded.
    pub outcome: Result<Option<u64>, LoadError>,
}

impl Program {
    /// Compiles a source.
    pub fn from_source(source: &Source, options: &CompileOptions) -> Result<Self, SourceError> {
        let mut compiled = compile(source, options)?;
        let object = std::mem::take(&mut compiled.object);
        let mut program = Self::from_object_with(object, options)?;
        if compiled.dialect == Dialect::Bcc {
            // Its sections name their targets already.
            program.attach.clear();
        }
        program.compiled = Some(compiled);
        program.origin = Some((source.clone(), options.clone()));
        Ok(program)
    }

    /// Reads and compiles a C file.
    pub fn from_file(
        path: impl AsRef<Path>,
        options: &CompileOptions,
    ) -> Result<Self, SourceError> {
        let path = path.as_ref().to_owned();
        match std::fs::read(&path) {
            Ok(text) => Self::from_source(&Source { path, text }, options),
            Err(cause) => Err(SourceError::Read { path, cause }),
        }
    }

    /// Takes an object that was compiled already, by `compile` or by others.
    pub fn from_object(object: impl Into<Vec<u8>>) -> Result<Self, ObjectError> {
        Self::from_object_with(object, &CompileOptions::default())
    }

    /// Takes an object, with targets for its functions and types for its events.
    pub fn from_object_with(
        object: impl Into<Vec<u8>>,
        options: &CompileOptions,
    ) -> Result<Self, ObjectError> {
        let object = object.into();
        Ok(Self {
            declared: ObjectInfo::read(&object, &options.event_types)?,
            object,
            attach: options.attach.clone(),
            compiled: None,
            origin: None,
        })
    }

    /// The object.
    pub fn object(&self) -> &[u8] {
        &self.object
    }

    /// What `compile` gave beside the object (which is not in it any more); nothing for an object
    /// from elsewhere.
    pub fn compiled(&self) -> Option<&Compiled> {
        self.compiled.as_ref()
    }

    /// The files of a Rust crate that does what this program does, with their paths in it. None for
    /// an object from elsewhere, which has no C.
    pub fn crate_files(&self, name: &str) -> Result<Vec<(PathBuf, String)>, EmitError> {
        let (Some(compiled), Some((source, options))) = (&self.compiled, &self.origin) else {
            return Ok(Vec::new());
        };
        let carried = bundle(source, options, compiled)?;
        libbpf_log::capture();
        let open = self.open(None)?;
        let uses: Vec<_> = open
            .maps()
            .filter_map(|map| {
                let name = map.name().to_string_lossy().into_owned();
                let of = match map.map_type() {
                    MapType::RingBuf => MapRole::Ring,
                    MapType::PerfEventArray => MapRole::Perf,
                    MapType::Hash | MapType::LruHash | MapType::Array => MapRole::Entries,
                    _ => return None,
                };
                let counters = self.declared.map(&name).is_some_and(|map| map.counters);
                (!name.contains('.') && !counters).then_some((name, of))
            })
            .collect();
        Ok(crate_template::files(name, carried, &self.declared, &uses))
    }

    /// Loads all functions and maps into the kernel.
    pub fn load(self) -> Result<Loaded, LoadError> {
        can_load()?;
        libbpf_log::capture();
        let open = self.open(None)?;
        let prints = open.progs().any(|program| prints(program.insns()));
        let object = open.load().map_err(load_error)?;
        Ok(Loaded {
            object,
            declared: self.declared,
            attach: self.attach,
            prints,
        })
    }

    /// Loads each function by itself, to hear what the verifier says of it. Nothing stays loaded.
    pub fn verify(&self) -> Result<Vec<Verdict>, LoadError> {
        can_load()?;
        libbpf_log::capture();
        let open = self.open(None)?;
        let verdicts = open.progs().map(|program| Verdict {
            program: program.name().to_string_lossy().into_owned(),
            section: program.section().to_string_lossy().into_owned(),
            instructions: program.insn_cnt(),
            outcome: Ok(None),
        });
        let verdicts = verdicts.map(|verdict| Verdict {
            outcome: self.verify_one(&verdict.program),
            ..verdict
        });
        Ok(verdicts.collect())
    }

    fn verify_one(&self, function: &str) -> Result<Option<u64>, LoadError> {
        libbpf_log::take();
        if self.open(Some((function, LOG_STATISTICS)))?.load().is_ok() {
            return Ok(verifier_log::processed(&libbpf_log::take()));
        }
        // Again, with a log that says why.
        libbpf_log::take();
        let open = self.open(Some((function, 0)))?;
        open.load().map(|_| None).map_err(load_error)
    }

    /// Opens the object, to load all of it or `only` one function, with a log level.
    fn open(&self, only: Option<(&str, u32)>) -> Result<OpenObject, LoadError> {
        let mut builder = ObjectBuilder::default();
        let mut open = builder
            .name("bpfrun")
            .and_then(|builder| builder.open_memory(&self.object))
            .map_err(load_error)?;
        open.maps_mut().for_each(normalize_output_map);
        check_functions(&open, &self.attach, &self.declared.tail_callees)?;
        for mut program in open.progs_mut() {
            if let Some((function, log_level)) = only {
                program.set_autoload(program.name() == function);
                program.set_log_level(log_level);
            }
            choose_type(&mut program);
            set_target(&mut program, &self.attach);
        }
        Ok(open)
    }
}

/// Makes the verifier say how much it looked at, and nothing else (BPF_LOG_STATS).
const LOG_STATISTICS: u32 = 4;

fn can_load() -> Result<(), Obstacle> {
    match obstacle_before_load(&HostFeatures::detect()) {
        // Not every program has a ring buffer.
        None | Some(Obstacle::RingBuffer { .. }) => Ok(()),
        Some(obstacle) => Err(obstacle),
    }
}

/// Output maps may name their events' type as their value's, which the kernel does not want to hear
/// of.
fn normalize_output_map(mut map: OpenMapMut<'_>) {
    let (size, is_ring) = match map.map_type() {
        MapType::RingBuf => (0, true),
        MapType::PerfEventArray => (4, false),
        _ => return,
    };
    let mended = map
        .set_key_size(size)
        .and_then(|()| map.set_value_size(size))
        .and_then(|()| match is_ring && map.max_entries() == 0 {
            true => map.set_max_entries(RING_BYTES),
            false => Ok(()),
        });
    if let Err(error) = mended {
        tracing::debug!("map {:?}: {error}", map.name());
    }
}

/// Sections that are ours alone: `perf_event/99`.
fn choose_type(program: &mut OpenProgramMut<'_>) {
    let section = program.section().to_string_lossy();
    if section.starts_with("perf_event/") {
        program.set_prog_type(ProgramType::PerfEvent);
    }
}

/// The target of an fentry or fexit program has to be known when it is loaded; one that is left out
/// is not loaded at all.
fn set_target(program: &mut OpenProgramMut<'_>, chosen: &[Attach]) {
    let is_it = |attach: &&Attach| program.name() == attach.function.as_str();
    let Some(attach) = chosen.iter().find(is_it) else {
        return;
    };
    if attach.target == Target::Omit {
        program.set_autoload(false);
    }
    let section = attach.target.section();
    if let Some(target) = section.and_then(attach::trampoline_target)
        && let Err(error) = program.set_attach_target(0, Some(target.to_owned()))
    {
        tracing::debug!("{}: {error}", attach.function);
    }
}

/// Targets are for functions that there are; program arrays are filled when an object is made.
fn check_functions(
    open: &OpenObject,
    chosen: &[Attach],
    called: &[String],
) -> Result<(), LoadError> {
    let known: Vec<_> = open
        .progs()
        .map(|program| program.name().to_string_lossy().into_owned())
        .collect();
    if known.is_empty() {
        return Err(LoadError::NoProgram);
    }
    let lost = chosen.iter().find(|one| !known.contains(&one.function));
    if let Some(lost) = lost {
        return Err(LoadError::NoFunction {
            function: lost.function.clone(),
            known: known.join(", "),
        });
    }
    let is_tail = |one: &&Attach| {
        matches!(one.target, Target::TailSlot { .. }) && !called.contains(&one.function)
    };
    let outside = chosen.iter().find(is_tail);
    outside.map_or(Ok(()), |one| {
        Err(LoadError::NotInArray(one.function.clone()))
    })
}

fn prints(instructions: &[libbpf_sys::bpf_insn]) -> bool {
    const CALL: u8 = (libbpf_sys::BPF_JMP | libbpf_sys::BPF_CALL) as u8;
    instructions
        .iter()
        .any(|insn| insn.code == CALL && insn.src_reg() == 0 && PRINTK.contains(&insn.imm))
}
