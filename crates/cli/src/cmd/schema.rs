//! `execsnoop schema`: the JSON Schema of every record.

use anyhow::Context as _;
use execsnoop_clikit::Failure;
use execsnoop_clikit::write_stdout;
use execsnoop_events::schema::json_schema;

/// Prints the schema, and returns the exit status.
///
/// # Errors
///
/// If it cannot be written. A reader that is gone is no error.
pub fn run() -> Result<u8, Failure> {
    let mut text =
        serde_json::to_string_pretty(&json_schema()).context("cannot make the schema")?;
    text.push('\n');
    write_stdout(text.as_bytes())?;
    Ok(0)
}
