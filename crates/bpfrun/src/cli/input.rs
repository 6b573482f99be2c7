//! The file that is run: C, or an object.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

use bpfrun::Program;
use bpfrun::Source;
use bpfrun::SourceError;
use execsnoop_clikit::Failure;
use execsnoop_clikit::stderr_line;

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
        let bytes = bytes.map_err(|error| cannot_read(path, &error))?;
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

    /// What to do with what people take for a program, and is none: the compiler would only list
    /// its errors.
    fn is_something_else(&self) -> Option<&'static str> {
        let text = String::from_utf8_lossy(&self.bytes);
        let mut words = text.lines().map(str::trim_start);
        let imports =
            |line: &str| line.starts_with("from bcc import") || line.starts_with("import bcc");
        let first = text.lines().next().unwrap_or_default();
        if first.starts_with("#!") && first.contains("python") || words.any(imports) {
            return Some(
                "this is a Python program; bpfrun runs the C in it: put the text that it gives to BPF() into \
                 a file of its own, and say with --attach what it attaches from Python",
            );
        }
        (self.bytes.contains(&0) && !self.is_object()).then_some(
            "this is neither C (it holds NUL bytes) nor an object file; name a C file, or an object that \
             --emit object or clang has made",
        )
    }

    /// The program in it.
    pub fn program(self, args: &Args) -> Result<Program, Failure> {
        let options = args.compile_options();
        let path = self.path.display().to_string();
        if let Some(advice) = self.is_something_else() {
            return Err(Failure::new(1, anyhow::anyhow!("{path}: {advice}")));
        }
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
            stderr_line(warnings);
        }
        Ok(program)
    }
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    let advice = match error.kind() {
        std::io::ErrorKind::IsADirectory => "; name a C file or an object in it",
        std::io::ErrorKind::NotFound => "; name a C file, an object, or - for standard input",
        std::io::ErrorKind::PermissionDenied => "; run as root, or let others read it (chmod a+r)",
        _ => "",
    };
    Failure::new(
        1,
        anyhow::anyhow!("cannot read {}: {error}{advice}", path.display()),
    )
}

/// The program is not to be overwritten by what it sends.
fn check_output(args: &Args) -> Result<(), Failure> {
    let place = |path: &Path| {
        let data = std::fs::metadata(path).ok()?;
        data.is_file().then(|| (data.dev(), data.ino()))
    };
    let output = args.output.as_deref().filter(|_| !args.writes_to_stdout());
    let output = output.and_then(place);
    if output.is_none() || output != place(&args.program) {
        return Ok(());
    }
    let name = args.program.display();
    let error = anyhow::anyhow!("-o names the program itself, {name}: name another file");
    Err(Failure::new(2, error))
}
