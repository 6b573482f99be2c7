//! What a program can be made into: C, an object, a crate.

use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::Context as _;
use anyhow::anyhow;
use bpfrun::EmitError;
use bpfrun::Program;
use execsnoop_clikit::Failure;
use execsnoop_clikit::NewFolder;
use execsnoop_clikit::stderr_line;

use crate::cli::args::Args;
use crate::cli::args::Emit;
use crate::cli::dry_run::write;
use crate::cli::failure;
use crate::cli::input::Input;

/// Writes what `--emit` asks for.
pub fn emit(args: &Args) -> Result<u8, Failure> {
    let input = Input::read(args)?;
    if input.is_object() && args.emit != Some(Emit::Object) {
        let path = input.path.display();
        return Err(Failure::new(
            2,
            anyhow!(
                "{path} is compiled already: --emit {} needs the C file",
                word(args)
            ),
        ));
    }
    let program = input.program(args)?;
    let c = || program.compiled().map(|compiled| compiled.c.as_str());
    match args.emit {
        Some(Emit::C) | None => write(args, c().unwrap_or_default().as_bytes())?,
        Some(Emit::Object) if args.writes_to_stdout() && std::io::stdout().is_terminal() => {
            let advice = "--emit object writes bytes that no terminal shows: -o FILE names a file";
            return Err(Failure::new(2, anyhow!(advice)));
        }
        Some(Emit::Object) => write(args, program.object())?,
        Some(Emit::Crate) => write_crate(args, &program)?,
    }
    Ok(0)
}

/// Writes the files of a crate into a new or empty folder.
fn write_crate(args: &Args, program: &Program) -> Result<(), Failure> {
    let Some(folder) = args.output.as_ref().filter(|_| !args.writes_to_stdout()) else {
        let advice = "--emit crate makes a directory: name it with -o";
        return Err(Failure::new(2, anyhow!(advice)));
    };
    let whole = std::path::absolute(folder).context("there is no current directory")?;
    let name = whole.file_name().map(|name| name.to_string_lossy());
    let name = name.as_deref().unwrap_or("prog");
    let files = program.crate_files(name);
    let files = files.map_err(|error| match error {
        EmitError::Object(error) => failure::load(error, args.verbose),
        other => Failure::new(1, other),
    })?;
    let new = NewFolder::create(folder)?;
    for (path, text) in files {
        let written = new.write(Path::new(&path), text.as_ref());
        written.with_context(|| format!("cannot write {}", folder.join(path).display()))?;
    }
    let folder = folder.display();
    stderr_line(format_args!(
        "cd {folder} && cargo build, then run as root what it makes in target/debug"
    ));
    Ok(())
}

fn word(args: &Args) -> &'static str {
    match args.emit {
        Some(Emit::Crate) => "crate",
        Some(Emit::Object) => "object",
        Some(Emit::C) | None => "c",
    }
}
