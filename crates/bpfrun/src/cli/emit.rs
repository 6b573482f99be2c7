//! What a program can be made into: C, an object, a crate.

use std::io::IsTerminal as _;

use anyhow::anyhow;

use crate::cli::args::Args;
use crate::cli::args::Emit;
use crate::cli::dry_run::write;
use crate::cli::failure::Failure;
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
        Some(Emit::Object) if args.output.is_none() && std::io::stdout().is_terminal() => {
            let advice = "--emit object writes bytes that no terminal shows: -o FILE names a file";
            return Err(Failure::new(2, anyhow!(advice)));
        }
        Some(Emit::Object) => write(args, program.object())?,
        Some(Emit::Skeleton) => return Err(anyhow!("--emit skeleton: not yet").into()),
    }
    Ok(0)
}

fn word(args: &Args) -> &'static str {
    match args.emit {
        Some(Emit::Skeleton) => "skeleton",
        Some(Emit::Object) => "object",
        Some(Emit::C) | None => "c",
    }
}
