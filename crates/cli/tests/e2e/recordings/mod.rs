//! Recordings: what is written, where, and how they are played again.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use execsnoop_events::recording::FrameReader;
use execsnoop_events::recording::Part;
use serde_json::Value;

use crate::Case;
use crate::support::run::run;
use crate::support::text;

pub(crate) mod recorder_files;
pub(crate) mod replayed;

/// All tests of this folder.
pub(crate) fn cases() -> Vec<Case> {
    [recorder_files::cases(), replayed::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// The recording of a command, in a file of this directory.
#[track_caller]
fn recorded(dir: &Path, options: &[&str], cmd: &[&str]) -> PathBuf {
    let file = dir.join("one.jsonl.zst");
    let output = ["record", "-o", text(&file)];
    let trace = run(&[], &[&output, options, &["--"], cmd].concat());
    assert!(trace.status.code().is_some(), "{}", trace.stderr);
    file
}

/// The recordings in a directory, in the order of their names.
fn files_in(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    let path = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").path();
    let mut files: Vec<PathBuf> = entries.map(path).collect();
    files.sort();
    files
}

/// The records of a file without damage.
#[track_caller]
fn records_of(file: &Path) -> Vec<Value> {
    let (records, damage) = read(file);
    assert_eq!(damage, Vec::<String>::new(), "{file:?}");
    records
}

/// The records of a file, and what is damaged.
fn read(file: &Path) -> (Vec<Value>, Vec<String>) {
    let bytes = fs::read(file).expect("it is there");
    let mut reader = FrameReader::new(bytes.as_slice());
    let (mut records, mut damage) = (Vec::new(), Vec::new());
    while let Some(part) = reader.next().expect("it is in memory") {
        match part {
            Part::Frame(frame) => {
                let lines = frame.text.split(|byte| *byte == b'\n');
                let lines = lines.filter(|line| !line.is_empty());
                let value = |line| serde_json::from_slice::<Value>(line).expect("a record");
                records.extend(lines.map(value));
            }
            Part::Damage(part) => damage.push(part.what.to_string()),
        }
    }
    (records, damage)
}

/// The records of this type.
fn of_type<'r>(records: &'r [Value], name: &str) -> Vec<&'r Value> {
    let is_it = |record: &&Value| record["type"] == name;
    records.iter().filter(is_it).collect()
}
