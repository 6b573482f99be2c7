//! The file that is run: C, or an object.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use bpfrun::Program;
use bpfrun::Source;
use bpfrun::SourceError;
use execsnoop_tool::Failure;
use execsnoop_tool::say;

use crate::cli::args::Args;
use crate::cli::failure;

const ELF: &[u8] = b"\x7fELF";

/// No source and no object is as large as this.
const MAX_FILE: u64 = 64 << 20;

/// A file as it was read.
#[derive(Debug)]
pub struct Input {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
}

impl Input {
    /// Reads the file that `args` name.
    pub fn read(args: &Args) -> Result<Self, Failure> {
        let path = &args.program;
        check_output(args)?;
        let read = |reader: &mut dyn std::io::Read| {
            let mut bytes = Vec::new();
            reader.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
            Ok::<_, std::io::Error>(bytes)
        };
        let from_stdin = path == Path::new("-");
        let bytes = match from_stdin {
            true => read(&mut std::io::stdin().lock()),
            false => std::fs::File::open(path).and_then(|mut file| read(&mut file)),
        };
        let bytes = bytes.with_context(|| format!("cannot read {}", path.display()))?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(anyhow::anyhow!("{} has more than 64 MiB", path.display()).into());
        }
        let path = match from_stdin {
            true => PathBuf::from("stdin.c"),
            false => path.clone(),
        };
        Ok(Self { path, bytes })
    }

    /// Whether it is compiled already.
    pub fn is_object(&self) -> bool {
        self.bytes.starts_with(ELF)
    }

    /// The program in it.
    pub fn program(self, args: &Args) -> Result<Program, Failure> {
        let options = args.compile_options();
        let path = self.path.display().to_string();
        if self.is_object() {
            let program = Program::from_object_with(self.bytes, &options);
            return program.map_err(|error| Failure::new(1, anyhow::anyhow!("{path}: {error}")));
        }
        let source = Source {
            path: self.path,
            text: self.bytes,
        };
        let program = Program::from_source(&source, &options).map_err(|error| match error {
            SourceError::Object(error) => Failure::new(1, anyhow::anyhow!("{path}: {error}")),
            other => failure::source(other),
        })?;
        let warnings = program.compiled().map(|compiled| compiled.warnings.trim());
        if let Some(warnings) = warnings.filter(|warnings| !warnings.is_empty()) {
            say(warnings);
        }
        Ok(program)
    }
}

/// The program is not to be overwritten by what it sends.
fn check_output(args: &Args) -> Result<(), Failure> {
    let place = |path: &Path| {
        let data = std::fs::metadata(path).ok()?;
        data.is_file().then(|| (data.dev(), data.ino()))
    };
    let output = args.output.as_deref().and_then(place);
    if output.is_none() || output != place(&args.program) {
        return Ok(());
    }
    let name = args.program.display();
    let error = anyhow::anyhow!("-o names the program itself, {name}: name another file");
    Err(Failure::new(2, error))
}
