//! What a guest tells: on its second serial port about the tests, on its first about itself.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What the results of one guest come to, line by line as they arrive.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Results {
    /// `uname -r`.
    pub(crate) release: Option<String>,
    /// The backend that execsnoop chose.
    pub(crate) backend: Option<String>,
    /// Time to verify and load all programs.
    pub(crate) load_ms: Option<f64>,
    /// Instructions that the verifier went through, by program.
    pub(crate) instructions: BTreeMap<String, u64>,
    /// How many tests were to be run.
    pub(crate) expected: Option<usize>,
    pub(crate) passed: Vec<String>,
    /// With what their panics said.
    pub(crate) failed: Vec<(String, String)>,
    pub(crate) skipped: Vec<String>,
    /// The test under way.
    pub(crate) current: Option<String>,
    /// The test program's exit status: the guest came to its end.
    pub(crate) ended: Option<i32>,
    /// The program that the verifier's next words are about.
    pub(crate) about: Option<String>,
}

/// A line that libtest-mimic writes.
#[derive(Debug, Deserialize)]
struct TestLine {
    #[serde(rename = "type")]
    kind: String,
    event: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    stdout: String,
    test_count: Option<usize>,
}

impl Results {
    /// Takes in one line. What is of no meaning is left aside: a guest may say anything.
    pub(crate) fn take(&mut self, line: &str) {
        let line = line.trim();
        if let Some(words) = line.strip_prefix("matrix: ") {
            self.take_words(words);
        } else if let Ok(line) = serde_json::from_str::<TestLine>(line) {
            self.take_test(line);
        }
    }

    fn take_words(&mut self, words: &str) {
        if let Some(release) = words.strip_prefix("kernel ") {
            self.release = Some(release.to_owned());
        } else if let Some(status) = words.strip_prefix("end ") {
            self.ended = status.parse().ok();
        } else if let Some(said) = words.strip_prefix("said ") {
            self.take_said(said);
        }
    }

    /// `execsnoop -v`, the verifier's statistics included.
    fn take_said(&mut self, said: &str) {
        if let Some(backend) = after(said, "backend: ") {
            self.backend = Some(backend.to_owned());
        } else if let Some(time) = after(said, "loaded in ") {
            self.load_ms = time.strip_suffix(" ms").and_then(|ms| ms.parse().ok());
        } else if said.contains("BEGIN PROG LOAD LOG") {
            self.about = between(said, "prog '", "'").map(str::to_owned);
        } else if let Some(count) = between(said, "processed ", " insns")
            && let Some(program) = self.about.take()
            && let Ok(count) = count.parse()
        {
            self.instructions.insert(program, count);
        }
    }

    fn take_test(&mut self, line: TestLine) {
        match (line.kind.as_str(), line.event.as_str()) {
            // One of execsnoop's tests, one of bpfrun's.
            ("suite", "started") => {
                let count = line
                    .test_count
                    .map(|count| count + self.expected.unwrap_or(0));
                self.expected = count.or(self.expected);
            }
            ("test", "started") => self.current = Some(line.name),
            ("test", "ok") => self.passed.push(line.name),
            ("test", "failed") => self.failed.push((line.name, line.stdout)),
            ("test", "ignored") => self.skipped.push(line.name),
            _ => return,
        }
        if line.kind == "test" && line.event != "started" {
            self.current = None;
        }
    }

    /// How many tests have come to an end of some kind.
    pub(crate) fn done(&self) -> usize {
        self.passed.len() + self.failed.len() + self.skipped.len()
    }
}

fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    Some(text.split_once(mark)?.1.trim())
}

fn between<'a>(text: &'a str, before: &str, behind: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(behind)?.0)
}

/// Why tests were skipped, by test: from the lines that the test program begins with.
pub(crate) fn skip_reasons(console: &str) -> BTreeMap<String, String> {
    let lines = console.lines();
    let reasons = lines.filter_map(|line| after(line, "SKIPPED: ")?.split_once(": "));
    reasons
        .map(|(test, reason)| (test.to_owned(), reason.trim().to_owned()))
        .collect()
}

/// The kernel's first complaint about itself, if it has one.
pub(crate) fn first_complaint(console: &str) -> Option<&str> {
    const COMPLAINTS: [&str; 8] = [
        "Kernel panic",
        "BUG: ",
        "Oops",
        "WARNING: ",
        "general protection fault",
        "soft lockup",
        "detected stall",
        "hung task",
    ];
    let mut lines = console.lines().map(str::trim);
    lines.find(|line| {
        line.starts_with('[') && COMPLAINTS.iter().any(|complaint| line.contains(complaint))
    })
}

/// Whether the kernel's call trace went through a BPF program: then the crash may be of our making.
///
/// An `int3` outside the program is not. The kernel writes that instruction while it patches its
/// own code (static keys, arch/x86/kernel/alternative.c), and an emulated processor may still run
/// it after the patch is done, when the kernel no longer expects it.
pub(crate) fn blames_bpf(console: &str) -> bool {
    match first_complaint(console) {
        Some(complaint) if complaint.contains("int3") => crashed_in_bpf(console),
        _ => console.lines().any(|line| line.contains("bpf_prog_")),
    }
}

/// Whether the instruction that crashed first belongs to a BPF program.
fn crashed_in_bpf(console: &str) -> bool {
    let mut lines = console.lines();
    lines
        .find(|line| line.contains("RIP: "))
        .is_some_and(|line| line.contains("bpf_prog_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "\
matrix: kernel 6.12.117+deb13-cloud-amd64\r
matrix: probe status 0\r
matrix: said execsnoop: debug: backend: core\r
matrix: said execsnoop: debug: libbpf: prog 'on_exec': -- BEGIN PROG LOAD LOG --\r
matrix: said processed 4312 insns (limit 1000000) max_states_per_insn 4 total_states 6\r
matrix: said execsnoop: debug: libbpf: prog 'on_exit': -- BEGIN PROG LOAD LOG --\r
matrix: said processed 81 insns (limit 1000000) max_states_per_insn 0 total_states 6\r
matrix: said execsnoop: debug: loaded in 81.2 ms\r
\r
{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 4 }\r
{ \"type\": \"test\", \"event\": \"started\", \"name\": \"arguments::none\" }\r
{ \"type\": \"test\", \"name\": \"arguments::none\", \"event\": \"ok\" }\r
{ \"type\": \"test\", \"event\": \"started\", \"name\": \"ends::codes\" }\r
{ \"type\": \"test\", \"name\": \"ends::codes\", \"event\": \"failed\", \"stdout\": \"Error: \\\"left\\\"\\n\" }\r
{ \"type\": \"test\", \"name\": \"events::storm::by_perf\", \"event\": \"ignored\" }\r
{ \"type\": \"test\", \"event\": \"started\", \"name\": \"process_records::last_image\" }\r
";

    fn results(told: &str) -> Results {
        let mut results = Results::default();
        told.lines().for_each(|line| results.take(line));
        results
    }

    #[test]
    fn all_that_a_guest_tells_is_understood() {
        let told = results(TOLD);
        assert_eq!(told.release.as_deref(), Some("6.12.117+deb13-cloud-amd64"));
        assert_eq!(told.backend.as_deref(), Some("core"));
        assert_eq!(told.load_ms, Some(81.2));
        let instructions = [("on_exec".to_owned(), 4312), ("on_exit".to_owned(), 81)];
        assert_eq!(told.instructions, instructions.into());
        assert_eq!(told.passed, ["arguments::none"]);
        assert_eq!(
            told.failed,
            [("ends::codes".to_owned(), "Error: \"left\"\n".to_owned())]
        );
        assert_eq!(told.skipped, ["events::storm::by_perf"]);
        assert_eq!((told.expected, told.done()), (Some(4), 3));
    }

    #[test]
    fn a_guest_that_stops_has_not_ended_and_tells_where() {
        assert_eq!(results(TOLD).ended, None);
        assert_eq!(
            results(TOLD).current.as_deref(),
            Some("process_records::last_image")
        );
        assert_eq!(
            results(&[TOLD, "matrix: end 101\n"].concat()).ended,
            Some(101)
        );
    }

    #[test]
    fn two_suites_are_one() {
        let second = r#"{ "type": "suite", "event": "started", "test_count": 2 }"#;
        assert_eq!(results(&[TOLD, second].concat()).expected, Some(6));
    }

    #[test]
    fn noise_is_left_aside() {
        let noise = "{ \"type\": \"te[   3.1] random: crng\n\u{fffd}\u{1b}[2J\nmatrix: \nmatrix: end x\n{}\n";
        assert_eq!(results(noise), Results::default());
    }

    #[test]
    fn reasons_for_skipping_survive_a_kernels_timestamps() {
        let console =
            "[    1.0] SKIPPED: a::b: no perf: none at all\nSKIPPED: 2 of 7 end-to-end tests\n";
        let reasons = skip_reasons(console);
        assert_eq!(reasons["a::b"], "no perf: none at all");
        assert_eq!(reasons.len(), 1);
    }

    #[test]
    fn a_kernels_complaint_is_found_and_a_tests_words_are_not() {
        let console =
            "assertion: Oops\n[   12.5] Oops: int3: 0000 [#1] SMP\n[ 13.0] Kernel panic - x\n";
        assert_eq!(
            first_complaint(console),
            Some("[   12.5] Oops: int3: 0000 [#1] SMP")
        );
        assert_eq!(first_complaint("[ 1.0] all is well\n"), None);
    }

    #[test]
    fn a_call_trace_through_a_program_blames_it() {
        assert!(blames_bpf("[ 1.0]  bpf_prog_3c5f_on_exec+0x1/0x2\n"));
        assert!(!blames_bpf(
            "[ 1.0]  bpf_trace_run3+0x1/0x2\n[ 1.0]  bpf_prog\n"
        ));
    }

    #[test]
    fn an_int3_blames_a_program_only_if_the_program_ran_into_it() {
        let oops = |rip: &str| {
            format!(
                "[ 1.0] Oops: int3: 0000 [#1] SMP NOPTI\n[ 1.0] RIP: 0010:{rip}+0x5/0x9\n\
                 [ 1.0] Call Trace:\n[ 1.0]  bpf_prog_3c5f_on_exec+0x1/0x2\n"
            )
        };
        assert!(!blames_bpf(&oops("perf_trace_run_bpf_submit")));
        assert!(blames_bpf(&oops("bpf_prog_3c5f_on_exec")));
        let fault = oops("memcpy").replace("int3", "0000");
        assert!(blames_bpf(&fault));
    }
}
