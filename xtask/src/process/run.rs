//! Running other programs to their end.

use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;

/// Runs a program that talks to the user itself; it must succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = name_of(command);
    let status = command
        .status()
        .with_context(|| format!("{program} could not be started"))?;
    ensure!(status.success(), "{program} failed: {status}");
    Ok(())
}

/// The standard output of a program. If it fails, its standard error is the error.
pub(crate) fn output_of(command: &mut Command) -> Result<String> {
    let program = name_of(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{program} could not be started: is it installed?"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} failed ({}): {}", output.status, said.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{program} printed what is no text"))
}

fn name_of(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_an_error_with_its_words() {
        let error = output_of(Command::new("sh").args(["-c", "echo why >&2; exit 3"]));
        let text = format!("{:#}", error.unwrap_err());
        assert!(text.contains("why") && text.contains("3"), "{text}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = output_of(&mut Command::new("no-such-program")).unwrap_err();
        assert!(format!("{error:#}").contains("no-such-program"));
    }
}
