//! The system's compiler, as an outside command.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use crate::toolchain::compile_error::CompileError;

/// Versions that are looked for when there is no plain `clang`, the newest first.
const VERSIONS: std::ops::RangeInclusive<u32> = 11..=40;

/// What of the environment would change what it makes. Nothing that is not given is to enter: the
/// cache would not know of it.
const FOREIGN: [&str; 8] = [
    "CPATH",
    "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH",
    "OBJC_INCLUDE_PATH",
    "CCC_OVERRIDE_OPTIONS",
    "DEPENDENCIES_OUTPUT",
    "SUNPRO_DEPENDENCIES",
    "SOURCE_DATE_EPOCH",
];

/// What a clang without the target says, and what a gcc by any name says of clang's options.
const NOT_FOR_BPF: [&str; 3] = [
    "No available targets are compatible",
    "unrecognized command-line option '-target'",
    "unrecognized command line option '-target'",
];

/// A compiler that was found.
#[derive(Debug, Clone)]
pub(crate) struct Clang {
    path: PathBuf,
}

/// What a run of it said.
#[derive(Debug)]
pub(crate) struct Run {
    pub success: bool,
    pub output: Vec<u8>,
    pub messages: String,
}

impl Clang {
    /// The one that is asked for, else the one in the PATH.
    pub fn find(asked: Option<&Path>) -> Result<Self, CompileError> {
        let path = match asked {
            Some(path) if path.components().count() > 1 => path.is_file().then(|| path.to_owned()),
            Some(name) => in_path(name),
            None => usual(),
        };
        let what = asked.map_or(
            "neither clang nor clang-N is in the PATH".to_owned(),
            |path| format!("{} is no file to run", path.display()),
        );
        path.map(|path| Self { path })
            .ok_or(CompileError::NoClang(what))
    }

    /// Which compiler it is: another version is another file.
    pub fn identity(&self) -> Option<String> {
        let path = fs::canonicalize(&self.path).ok()?;
        let data = fs::metadata(&path).ok()?;
        Some(format!(
            "{} {} {}",
            path.display(),
            data.size(),
            data.mtime()
        ))
    }

    /// Runs it with what every run for BPF needs.
    pub fn run(&self, arguments: &[OsString]) -> Result<Run, CompileError> {
        let mut command = Command::new(&self.path);
        for name in FOREIGN {
            command.env_remove(name);
        }
        let output = command
            .args(["-target", "bpf", "-nostdinc", "-fno-color-diagnostics"])
            .args(["-fno-caret-diagnostics", "-fno-diagnostics-fixit-info"])
            .args(["-Wno-unknown-warning-option", "-ferror-limit=50"])
            .arg(format!("-D__TARGET_ARCH_{}", architecture()))
            .args(arguments)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .map_err(|source| self.not_run(source))?;
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        if messages.trim().is_empty() && !output.status.success() {
            let silent = format!("it ended with {} and said nothing", output.status);
            return Err(self.not_run(io::Error::other(silent)));
        }
        if NOT_FOR_BPF.iter().any(|words| messages.contains(words)) {
            return Err(self.not_for_bpf());
        }
        Ok(Run {
            success: output.status.success(),
            output: output.stdout,
            messages,
        })
    }

    /// What is said of a compiler that is none, or that knows other machines only.
    pub fn not_for_bpf(&self) -> CompileError {
        CompileError::NotForBpf(self.path.clone())
    }

    fn not_run(&self, source: io::Error) -> CompileError {
        CompileError::Run {
            clang: self.path.clone(),
            cause: source,
        }
    }
}

/// The kernel's word for this architecture.
pub(crate) fn architecture() -> &'static str {
    match env::consts::ARCH {
        "x86_64" => "x86",
        "aarch64" => "arm64",
        other => other,
    }
}

fn usual() -> Option<PathBuf> {
    let newest = || {
        VERSIONS
            .rev()
            .find_map(|version| in_path(format!("clang-{version}").as_ref()))
    };
    in_path("clang".as_ref()).or_else(newest)
}

fn in_path(name: &Path) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let places = env::split_paths(&path).filter(|place| place.is_absolute());
    places
        .map(|place| place.join(name))
        .find(|file| file.is_file())
}
