//! What this kernel and this user can do, and what to change.

mod backend_choice;
mod check;
mod optional;
mod prerequisites;
mod report;
mod text;

use std::io;
use std::io::IsTerminal as _;

use anyhow::Context as _;
use execsnoop_clikit::Failure;
use execsnoop_clikit::write_stdout;
use execsnoop_events::json;
use execsnoop_events::quote;
use execsnoop_probe::Diagnosis;

use crate::args::DoctorArgs;
use crate::args::ReportFormat;
use crate::cmd::doctor::report::Report;
use crate::output::is_colored;

/// Looks at this machine, tells what it found, and returns the exit status.
pub fn run(args: &DoctorArgs) -> Result<u8, Failure> {
    let survey = Diagnosis::take();
    let report = Report::of(&survey, &own_path());
    let mut out = Vec::new();
    match args.format {
        ReportFormat::Text => {
            let colored = is_colored(args.color, io::stdout().is_terminal());
            text::write(&mut out, &report, colored);
        }
        ReportFormat::Json => {
            json::write_object(&mut out, &report).context("cannot write the report")?;
        }
    }
    write_stdout(&out)?;
    Ok(report.status)
}

/// This program's own file as a word for a shell.
fn own_path() -> String {
    let Ok(path) = std::env::current_exe() else {
        return "\"$(command -v execsnoop)\"".to_owned(); // no /proc
    };
    let mut word = Vec::new();
    quote::shell(&mut word, path.as_os_str().as_encoded_bytes());
    String::from_utf8_lossy(&word).into_owned()
}
