//! What the verifier's log says, for the person who wrote the program.

/// A program that the verifier refused, or (with an empty reason) looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifierRejection {
    /// The program's function.
    pub program: String,
    /// Why: the log's last word.
    pub reason: String,
    /// The line of source that the refused instruction was made from.
    pub source: Option<SourceLine>,
    /// The whole log.
    pub log: String,
}

/// A line of the program's source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceLine {
    /// What it says.
    pub text: String,
    /// `file:line`; kernels before 6.10 do not tell.
    pub place: Option<String>,
}

impl VerifierRejection {
    /// Finds the refused program in what libbpf said about loading.
    pub fn find(said: &str) -> Option<Self> {
        let (program, log) = last_log(said)?;
        let reason = reason(log)?;
        Some(Self {
            program: program.to_owned(),
            reason: reason.to_owned(),
            source: source_line(log),
            log: log.trim().to_owned(),
        })
    }

    /// The last lines of the log.
    pub fn end_of_log(&self, lines: usize) -> String {
        let all: Vec<&str> = self.log.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

/// How many instructions the verifier went through, from `processed 25 insns (limit 1000000) ...`.
pub fn processed(said: &str) -> Option<u64> {
    let (_, log) = last_log(said)?;
    let line = log.lines().rfind(|line| is_statistics(line))?;
    line.split(' ').nth(1)?.parse().ok()
}

/// The last program's log among libbpf's messages, with the program's name: of one refused, its
/// retry with a log is the last.
pub fn last_log(said: &str) -> Option<(&str, &str)> {
    let (before, rest) = said.rsplit_once("': -- BEGIN PROG LOAD LOG --")?;
    let (_, program) = before.rsplit_once("prog '")?;
    let (log, _) = rest.split_once("-- END PROG LOAD LOG --")?;
    Some((program, log))
}

fn is_statistics(line: &str) -> bool {
    line.starts_with("processed ") && line.contains(" insns ")
}

/// The last line that is not about the verifier's own work.
fn reason(log: &str) -> Option<&str> {
    let says = |line: &&str| {
        let own = [
            "verification time",
            "stack depth",
            "mark_precise",
            "max_states",
            "cur state:", // beside "infinite loop detected"
            "old state:",
        ];
        !line.is_empty() && !is_statistics(line) && !own.iter().any(|word| line.starts_with(word))
    };
    log.lines().map(str::trim).rfind(says)
}

/// The last source line that the log names: `; text @ file:line`, or `; text`.
fn source_line(log: &str) -> Option<SourceLine> {
    let line = log.lines().rev().find_map(|line| line.strip_prefix("; "))?;
    let (text, place) = match line.rsplit_once(" @ ") {
        Some((text, place)) if !place.contains(' ') => (text, Some(place.to_owned())),
        _ => (line, None),
    };
    Some(SourceLine {
        text: text.trim().to_owned(),
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "libbpf: prog 'on_exec': BPF program load failed: Permission denied\n\
        libbpf: prog 'on_exec': -- BEGIN PROG LOAD LOG --\n\
        0: R1=ctx() R10=fp0\n\
        ; struct item *item = bpf_map_lookup_elem(&items, &key); @ prog.bpf.c:17\n\
        0: (b7) r1 = 0\n\
        ; return item->count; @ prog.bpf.c:18\n\
        7: (61) r0 = *(u32 *)(r0 +0)\n\
        R0 invalid mem access 'map_value_or_null'\n\
        processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0\n\
        -- END PROG LOAD LOG --\n\
        libbpf: prog 'on_exec': failed to load: -13\n";

    /// The reason, and the line it was for.
    #[test]
    fn objection() {
        let objection = VerifierRejection::find(SAID).expect("a objection");
        assert_eq!(objection.program, "on_exec");
        assert_eq!(
            objection.reason,
            "R0 invalid mem access 'map_value_or_null'"
        );
        let source = objection.source.clone().expect("a line");
        assert_eq!(source.text, "return item->count;");
        assert_eq!(source.place.as_deref(), Some("prog.bpf.c:18"));
        assert_eq!(objection.end_of_log(2).lines().count(), 2);
        assert_eq!(processed(SAID), Some(8));
    }

    /// What the verifier was at when it saw a loop without an end is not the reason.
    #[test]
    fn objection_to_a_loop() {
        let states = "infinite loop detected at insn 0\ncur state: R1=ctx() R10=fp0\nold state: R1=ctx() R10=fp0";
        let said = SAID.replace("R0 invalid mem access 'map_value_or_null'", states);
        let objection = VerifierRejection::find(&said).expect("an objection");
        assert_eq!(objection.reason, "infinite loop detected at insn 0");
    }

    /// Older kernels name no file, and a log may hold no line at all.
    #[test]
    fn objection_without_lines() {
        let said = SAID.replace(" @ prog.bpf.c:18", "");
        let source = VerifierRejection::find(&said).and_then(|objection| objection.source);
        assert_eq!(source.expect("a line").place, None);
        assert_eq!(VerifierRejection::find("libbpf: something else\n"), None);
        assert_eq!(processed(""), None);
    }
}
