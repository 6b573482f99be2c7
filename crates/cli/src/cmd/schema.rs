//! `execsnoop schema`: the JSON Schema of every record, of output or of a recording.

use anyhow::Context as _;
use execsnoop_clikit::Failure;
use execsnoop_clikit::write_stdout;
use execsnoop_events::schema::json_schema;
use execsnoop_events::schema::recording_schema;

use crate::args::SchemaArgs;

/// Prints the schema, and returns the exit status.
///
/// # Errors
///
/// If it cannot be written. A reader that is gone is no error.
pub fn run(args: &SchemaArgs) -> Result<u8, Failure> {
    let schema = match args.recording {
        true => recording_schema(),
        false => json_schema(),
    };
    let mut text = serde_json::to_string_pretty(&schema).context("cannot make the schema")?;
    text.push('\n');
    write_stdout(text.as_bytes())?;
    Ok(0)
}
