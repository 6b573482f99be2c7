//! What a tracer left behind, and how to read it.

use std::process::ExitStatus;

use serde_json::Value;

/// All that came out of one run of the tracer.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    /// What was written where the events go: standard output, or the file of `-o`.
    pub(crate) events: Vec<u8>,
}

/// The line at the end: `seen N = shown S + filtered F + lost L + discarded D`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accounting {
    pub(crate) seen: u64,
    pub(crate) shown: u64,
    pub(crate) filtered: u64,
    pub(crate) lost: u64,
    pub(crate) discarded: u64,
}

impl Accounting {
    fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let after = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words
                .get(at + 1)?
                .trim_end_matches([',', '.', ';'])
                .parse()
                .ok()
        };
        Some(Self {
            seen: after("seen")?,
            shown: after("shown")?,
            filtered: after("filtered")?,
            lost: after("lost")?,
            discarded: after("discarded")?,
        })
    }

    fn adds_up(self) -> bool {
        self.seen == self.shown + self.filtered + self.lost + self.discarded
    }
}

impl Trace {
    /// Fails unless the tracer ended well.
    #[track_caller]
    pub(crate) fn expect_success(self) -> Self {
        assert!(self.status.success(), "{}\n{}", self.status, self.stderr);
        self
    }

    /// The accounting, which must add up.
    #[track_caller]
    pub(crate) fn accounting(&self) -> Accounting {
        let found = self.stderr.lines().find_map(Accounting::parse);
        let accounting = found.unwrap_or_else(|| panic!("no accounting in:\n{}", self.stderr));
        assert!(accounting.adds_up(), "{accounting:?}");
        accounting
    }

    /// The events as text.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.events).expect("the output is UTF-8")
    }

    /// The lines of a table.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.text().lines()
    }

    /// The one line of a table that holds this.
    #[track_caller]
    pub(crate) fn line_with(&self, mark: &str) -> &str {
        let lines: Vec<&str> = self.lines().filter(|line| line.contains(mark)).collect();
        assert_eq!(
            lines.len(),
            1,
            "lines with {mark} in:\n{}\n{}",
            self.text(),
            self.stderr
        );
        lines[0]
    }

    /// Everything, from JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|err| panic!("{err}: {line}"));
        self.lines().map(parse).collect()
    }

    /// Everything of one type, from JSON.
    #[track_caller]
    pub(crate) fn of_type(&self, name: &str) -> Vec<Value> {
        let mut events = self.json();
        events.retain(|event| event["type"] == name);
        events
    }

    /// All execs, failed ones too, from JSON.
    #[track_caller]
    pub(crate) fn execs(&self) -> Vec<Value> {
        self.of_type("exec")
    }

    /// The execs of one process, as the tests number it, in order.
    #[track_caller]
    pub(crate) fn execs_of(&self, pid: u32) -> Vec<Value> {
        let mut execs = self.execs();
        execs.retain(|exec| exec["ns_pid"] == pid);
        execs
    }

    /// The second of exactly two execs of one process: a subject executes the workload, then
    /// something that is of interest.
    #[track_caller]
    pub(crate) fn second_exec_of(&self, pid: u32) -> Value {
        let mut execs = self.execs_of(pid);
        assert_eq!(execs.len(), 2, "execs of {pid}; stderr:\n{}", self.stderr);
        execs.remove(1)
    }

    /// The execs that have this argument.
    #[track_caller]
    pub(crate) fn execs_with(&self, mark: &str) -> Vec<Value> {
        let mut execs = self.execs();
        execs.retain(|exec| has_arg(exec, mark));
        execs
    }

    /// The execs of one program file.
    #[track_caller]
    pub(crate) fn execs_named(&self, filename: &str) -> Vec<Value> {
        let mut execs = self.execs();
        execs.retain(|exec| exec["filename"] == filename);
        execs
    }
}

fn has_arg(exec: &Value, mark: &str) -> bool {
    let args = exec["args"].as_array();
    args.is_some_and(|args| args.iter().any(|arg| arg == mark))
}

/// The arguments of an exec. All must be known and text.
#[track_caller]
pub(crate) fn args(exec: &Value) -> Vec<&str> {
    assert_eq!(
        exec["args_complete"],
        true,
        "incomplete: {:.300}",
        exec.to_string()
    );
    known_args(exec)
}

/// The arguments of an exec that are known.
#[track_caller]
pub(crate) fn known_args(exec: &Value) -> Vec<&str> {
    let args = exec["args"].as_array().expect("args is a list");
    args.iter()
        .map(|arg| arg.as_str().expect("a known argument"))
        .collect()
}
