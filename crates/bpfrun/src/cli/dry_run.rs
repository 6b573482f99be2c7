//! What the verifier says of each function.

use bpfrun::LoadError;
use bpfrun::Verdict;
use execsnoop_clikit::Failure;
use execsnoop_clikit::OutputTarget;
use execsnoop_clikit::message;

use crate::cli::args::Args;
use crate::cli::args::Format;
use crate::cli::failure;
use crate::cli::input::Input;
use crate::cli::output::csv;
use crate::cli::output::json;
use crate::cli::output::show;
use crate::cli::output::table::Table;
use bpfrun::Value;

/// What JSON and CSV say of a function.
const FIELDS: [&str; 6] = [
    "function",
    "section",
    "instructions",
    "verified",
    "verdict",
    "reason",
];

/// Loads each function by itself and shows the verdicts. The exit status is 1 when one is refused,
/// 77 when the kernel would not even look.
pub fn dry_run(args: &Args) -> Result<u8, Failure> {
    let program = Input::read(args)?.program(args)?;
    let verdicts = program
        .verify()
        .map_err(|error| failure::load(error, args.verbose))?;
    let mut out = Vec::new();
    match args.format {
        Format::Json => verdicts.iter().for_each(|verdict| line(verdict, &mut out)),
        Format::Csv => rows(&verdicts, &mut out),
        Format::Text => table(&verdicts, &mut out),
    }
    write(args, &out)?;
    let refused = verdicts
        .into_iter()
        .filter_map(|verdict| verdict.outcome.err());
    let mut status = 0;
    for error in refused {
        if let LoadError::Unsupported(_) = error {
            return Err(failure::load(error, args.verbose));
        }
        let failure = failure::load(error, args.verbose);
        status = if status == 1 { 1 } else { failure.code };
        message(&failure);
    }
    Ok(status)
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict.outcome {
        Ok(_) => "accepted",
        Err(LoadError::Refused(_)) => "refused",
        Err(_) => "not loaded",
    }
}

fn table(verdicts: &[Verdict], out: &mut Vec<u8>) {
    let columns = [
        ("function", false),
        ("section", false),
        ("insns", true),
        ("verified", true),
        ("verdict", false),
    ];
    let mut table = Table::new(columns.map(|(name, number)| (name.to_owned(), number, 0)));
    let rows: Vec<_> = verdicts.iter().map(row).collect();
    rows.iter().for_each(|row| table.fit(row.iter()));
    table.header(out);
    rows.iter().for_each(|row| table.row(out, row.iter()));
}

fn row(verdict: &Verdict) -> [Value<'_>; 5] {
    let verified = verdict.outcome.as_ref().ok().copied().flatten();
    [
        Value::Text(verdict.program.as_bytes()),
        Value::Text(verdict.section.as_bytes()),
        Value::Uint(verdict.instructions as u64),
        verified.map_or(Value::Absent, Value::Uint),
        Value::Text(word(verdict).as_bytes()),
    ]
}

/// A header, then a row for each function: what its JSON line has.
fn rows(verdicts: &[Verdict], out: &mut Vec<u8>) {
    csv::row(out, FIELDS);
    for verdict in verdicts {
        let mut cells: [Vec<u8>; FIELDS.len()] = Default::default();
        let reason = reason(verdict);
        let reason = reason
            .as_deref()
            .map_or(Value::Absent, |it| Value::Text(it.as_bytes()));
        let values = row(verdict).into_iter().chain([reason]);
        for (cell, value) in cells.iter_mut().zip(values) {
            if value != Value::Absent {
                show::cell(cell, &value);
            }
        }
        csv::row(out, &cells);
    }
}

/// Why a function was refused.
fn reason(verdict: &Verdict) -> Option<String> {
    match &verdict.outcome {
        Err(LoadError::Refused(objection)) => Some(objection.reason.clone()),
        Err(error) => Some(error.to_string()),
        Ok(_) => None,
    }
}

fn line(verdict: &Verdict, out: &mut Vec<u8>) {
    json::line(out, "verdict", &crate::cli::clock::timestamp(), |object| {
        let [values @ .., last] = FIELDS;
        for (name, value) in values.iter().zip(&row(verdict)) {
            object.value(name, value);
        }
        match reason(verdict) {
            Some(reason) => object.text(last, &reason),
            None => object.value(last, &Value::Absent),
        }
    });
}

/// Writes all bytes and waits for the reader. A reader that is gone is no error.
pub fn write(args: &Args, bytes: &[u8]) -> Result<(), Failure> {
    let mut target = match &args.output {
        Some(path) => OutputTarget::create(path)?,
        None => OutputTarget::stdout()?,
    };
    target.truncate()?;
    let mut rest = bytes;
    while !rest.is_empty() {
        match target.write(rest, std::time::Duration::from_secs(1)) {
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => {
                let name = target.name();
                return Err(anyhow::anyhow!(
                    "cannot write to {name}: {error} (-o names another file)"
                )
                .into());
            }
        }
    }
    Ok(())
}
