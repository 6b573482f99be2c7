//! The first and the last record of a file: where a recording was made, and what became of it.

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use super::tally::Tallies;
use super::texts::digits;
use super::texts::time;
use crate::json::write_object;
use crate::source::Tally;

/// The version of the format. It rises when a reader of the version before would misunderstand a
/// recording, and not for a new field or a new type of record, which readers skip.
pub const FORMAT: u32 = 1;

/// The first record of each file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "header")]
pub struct Header {
    /// The version of the format: see [`FORMAT`].
    pub format: u32,
    /// When the file was begun.
    #[serde(with = "time")]
    pub time: Timestamp,
    /// The same moment in ns since boot.
    #[serde(with = "digits")]
    pub boot_ns: u64,
    /// The version of execsnoop.
    pub version: String,
    /// The name of the machine.
    pub host: String,
    /// What systemd calls the machine.
    #[serde(default)]
    pub machine_id: Option<String>,
    /// What the kernel calls this boot.
    #[serde(default)]
    pub boot_id: Option<String>,
    /// The kernel's release.
    #[serde(default)]
    pub kernel: Option<String>,
    /// The machine's architecture.
    #[serde(default)]
    pub arch: Option<String>,
    /// The number of CPUs.
    #[serde(default)]
    pub cpus: Option<u32>,
    /// How events were captured: the name of a [`Backend`](crate::Backend).
    pub backend: String,
    /// The run of the recorder: 16 hex digits.
    pub session: String,
    /// The number of the file in it, from 0.
    pub file: u64,
    /// The recorder ran in the machine's first pid namespace: the pids are those that its users
    /// see.
    #[serde(default)]
    pub initial_pid_ns: Option<bool>,
    /// What was masked.
    pub redaction: Redaction,
    /// The command line of the recorder.
    #[serde(default)]
    pub command_line: Vec<String>,
    /// The kinds of events that are in the recording, such as `exec` and `exit`.
    #[serde(default)]
    pub events: Vec<String>,
    /// The fields whose values were collected although that has a cost, such as `cwd`.
    #[serde(default)]
    pub collected: Vec<String>,
    /// The variables of the environment that were kept.
    #[serde(default)]
    pub env: Vec<String>,
}

/// What was masked before events were recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// Secrets were masked, by the rules of that version of execsnoop.
    pub on: bool,
    /// The number of patterns of the user's own.
    #[serde(default)]
    pub patterns: u32,
}

/// The last record of each file that was not cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "end")]
pub struct End {
    /// When the file was ended.
    #[serde(with = "time")]
    pub time: Timestamp,
    /// The same moment in ns since boot.
    #[serde(with = "digits")]
    pub boot_ns: u64,
    /// Why.
    pub reason: EndReason,
    /// The number of records in the file, without this one.
    pub records: u64,
    /// Frames for which there was no room, since the recorder began.
    pub frames_dropped: u64,
    /// The records in them.
    pub records_dropped: u64,
    /// What the source counted since the recorder began.
    #[serde(with = "Tallies")]
    pub tally: Tally,
}

/// Why a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Another one follows.
    Rotated,
    /// The recorder was stopped.
    Stopped,
}

/// A line is not the record that it should be.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// Of a format to come.
    #[error(
        "this recording has version {found} of the format, and this execsnoop reads versions up \
         to {FORMAT}"
    )]
    Newer {
        /// Its version.
        found: u32,
    },
    /// Not such a record.
    #[error("this is not a record of a recording")]
    Malformed(#[from] serde_json::Error),
}

impl HeaderError {
    /// What can be done about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Newer { .. } => {
                "read it with the version of execsnoop that wrote it, or a newer one"
            }
            Self::Malformed(_) => "the file is damaged, or is not a recording",
        }
    }
}

/// What every version of the format has in its header.
#[derive(Deserialize)]
struct AnyHeader {
    format: u32,
}

impl Header {
    /// Appends the record as a line.
    ///
    /// # Panics
    ///
    /// Never: a header can be serialized.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        write_object(out, self).expect("a header can be serialized");
    }

    /// The header that this line is.
    ///
    /// # Errors
    ///
    /// If it is none, or one of a newer format.
    pub fn parse(line: &[u8]) -> Result<Self, HeaderError> {
        let AnyHeader { format } = serde_json::from_slice(line)?;
        match format {
            0..=FORMAT => Ok(serde_json::from_slice(line)?),
            found => Err(HeaderError::Newer { found }),
        }
    }
}

impl End {
    /// Appends the record as a line.
    ///
    /// # Panics
    ///
    /// Never: an end can be serialized.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        write_object(out, self).expect("an end can be serialized");
    }

    /// The end that this line is.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn parse(line: &[u8]) -> Result<Self, HeaderError> {
        Ok(serde_json::from_slice(line)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::CountedKind;

    fn header() -> Header {
        Header {
            format: FORMAT,
            time: "2026-11-28T02:13:00.000000007Z".parse().expect("a time"),
            boot_ns: u64::MAX,
            version: "0.1.0".to_owned(),
            host: "web-1\u{1b}[2J".to_owned(),
            machine_id: None,
            boot_id: Some("b".to_owned()),
            kernel: Some("6.18.5".to_owned()),
            arch: Some("x86_64".to_owned()),
            cpus: Some(2),
            backend: "core".to_owned(),
            session: "00112233445566ff".to_owned(),
            file: 3,
            initial_pid_ns: Some(true),
            redaction: Redaction {
                on: true,
                patterns: 1,
            },
            command_line: vec!["execsnoop".to_owned(), "record".to_owned()],
            events: vec!["exec".to_owned()],
            collected: vec!["cwd".to_owned()],
            env: vec!["HOME".to_owned()],
        }
    }

    /// What is read is what was written, and nothing in a line commands a terminal.
    #[test]
    fn a_header_comes_back() {
        let mut line = Vec::new();
        header().write_line(&mut line);
        assert!(
            line.starts_with(br#"{"type":"header","format":1,"time":"2026-11-28T02:13:00.0000"#)
        );
        assert!(!line.contains(&0x1b));
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(Header::parse(&line).expect("a header"), header());
    }

    /// The account, with a number for everything that the source counts.
    #[test]
    fn an_end_comes_back() {
        let mut tally = Tally::default();
        for (kind, number) in CountedKind::ALL.into_iter().zip(1..) {
            let of = tally.of_mut(kind);
            (of.seen, of.filtered, of.ring_full) = (number, 10 + number, 20 + number);
            (of.skipped, of.malformed) = (30 + number, 40 + number);
        }
        (tally.args_ring, tally.args_unread, tally.args_many) = (1, 2, 3);
        (tally.env_ring, tally.env_unread) = (4, 5);
        (tally.skipped_runs, tally.messages_lost) = (6, 7);
        for reason in [EndReason::Rotated, EndReason::Stopped] {
            let end = End {
                time: Timestamp::UNIX_EPOCH,
                boot_ns: 7,
                reason,
                records: 1,
                frames_dropped: 2,
                records_dropped: 3,
                tally,
            };
            let mut line = Vec::new();
            end.write_line(&mut line);
            assert_eq!(End::parse(&line).expect("an end"), end);
        }
    }

    /// A newer format is refused for its version, whatever else is in it; new fields are not.
    #[test]
    fn other_versions() {
        let newer = Header::parse(br#"{"type":"header","format":2,"when":"now"}"#);
        let message = newer.expect_err("newer").to_string();
        assert!(message.contains("version 2"), "{message}");
        let mut line = Vec::new();
        header().write_line(&mut line);
        let text = String::from_utf8(line).expect("UTF-8");
        let more = text.replace(r#""host""#, r#""surprise":[1],"host""#);
        assert_eq!(Header::parse(more.as_bytes()).expect("a header"), header());
        for broken in ["", "{}", "[]", r#"{"format":1}"#, r#"{"format":-1}"#] {
            let error = Header::parse(broken.as_bytes()).expect_err("broken");
            assert!(matches!(error, HeaderError::Malformed(_)), "{broken}");
        }
    }
}
