//! What the options do that have no file of their own here.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::Case;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::patterns;
use crate::support::public_dir;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::run::trace_command;
use crate::support::subject;
use crate::support::text;
use crate::support::workload;

/// Wrong usage: status 2, and a message that names what is wrong.
fn wrong_usage() {
    for (args, culprit) in [
        (&["--no-such-option"][..], "--no-such-option"),
        (&["--format", "xml"], "xml"),
        (&["--duration", "soon"], "soon"),
        (&["--count", "many"], "many"),
        (&["--ring-size", "banana"], "banana"),
        (&["--compat", "dtrace"], "dtrace"),
        (&["--events", "exec,rain"], "rain"),
        (&["--color", "purple"], "purple"),
        (&["-u", "no-such-user-here"], "no-such-user-here"),
        (&["-n", "("], "("),
        (
            &["--user", "no-such-user-here", "--", "true"],
            "no-such-user-here",
        ),
        (&["stray-word"], "stray-word"),
    ] {
        let trace = run(&[], args);
        assert_eq!(trace.status.code(), Some(2), "{args:?}: {}", trace.stderr);
        assert!(trace.stderr.contains(culprit), "{args:?}: {}", trace.stderr);
        assert_eq!(trace.stdout, b"");
    }
}

/// --help and --version answer on standard output, with status 0.
fn help_and_version() {
    let help = run(&[], &["--help"]).expect_success();
    for word in [
        "--format",
        "--duration",
        "--ready-file",
        "--compat",
        "CMD",
        "77",
        "doctor",
    ] {
        assert!(help.text().contains(word), "{word} in {}", help.text());
    }
    for verb in ["report", "compare"] {
        assert!(
            !help
                .text()
                .lines()
                .any(|line| line.trim_start().starts_with(&format!("{verb} "))),
            "{verb} is not to be listed before it works"
        );
    }
    let version = run(&[], &["--version"]).expect_success();
    assert!(version.text().contains(env!("CARGO_PKG_VERSION")));
}

/// The table of one traced `noop` with a mark: its headings, and the words of its row.
fn heading_and_row(options: &[&str]) -> (Vec<String>, Vec<String>) {
    let mark = mark();
    let tracer = Tracer::start(options);
    subject(&["noop", &mark]);
    let trace = tracer.stop();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    (
        words(trace.lines().next().expect("headings")),
        words(trace.line_with(&mark)),
    )
}

/// The table by default: parent's name, return value and all arguments.
fn default_columns() {
    let (heading, row) = heading_and_row(&[]);
    assert_eq!(heading, ["PID", "PPID", "PCOMM", "RET", "ARGS"]);
    let own = fs::read_to_string("/proc/self/comm").expect("proc is there");
    assert_eq!(row[1], std::process::id().to_string());
    assert_eq!(row[2..5], [own.trim_end(), "0", text(&workload())]);
    assert_eq!(row[5], "noop");
}

/// -T shows local time, -t seconds since the start.
fn times() {
    let before = Timestamp::now();
    let (heading, row) = heading_and_row(&["-T", "-t"]);
    assert_eq!(heading[..2], ["TIME", "TIME(s)"]);
    let local = |time| {
        TimeZone::system()
            .to_datetime(time)
            .strftime("%H:%M:%S")
            .to_string()
    };
    let moments = (0..30).map(|second| local(before + Duration::from_secs(second)));
    assert!(
        moments.into_iter().any(|moment| moment == row[0]),
        "{row:?}"
    );
    let elapsed = Timestamp::now().duration_since(before).as_secs_f64();
    let (whole, fraction) = row[1].split_once('.').expect("a fraction");
    assert!(
        whole.parse::<u64>().is_ok() && fraction.len() == 3,
        "{row:?}"
    );
    assert!(
        row[1]
            .parse::<f64>()
            .is_ok_and(|seconds| seconds <= elapsed),
        "{row:?}"
    );
}

/// -U shows the user, -C the CPU.
fn user_and_cpu() {
    let (heading, row) = heading_and_row(&["-U", "-C"]);
    let at = |name: &str| {
        heading
            .iter()
            .position(|word| word == name)
            .expect("the column is there")
    };
    assert_eq!(row[at("UID")], nix::unistd::getuid().to_string());
    let cpu: usize = row[at("CPU")].parse().expect("a number");
    let dir = format!("/sys/devices/system/cpu/cpu{cpu}");
    assert!(fs::metadata(&dir).is_ok(), "{dir}");
}

/// All arguments by default; as many as --max-args says, and dots for the others.
fn max_args() {
    let row = |options: &[&str]| {
        let tracer = Tracer::start(options);
        let subject = subject(&["argv", "100"]);
        let trace = tracer.stop();
        let rows = trace
            .lines()
            .filter(|line| line.starts_with(&format!("{} ", subject.pid)));
        rows.last().expect("a row").to_owned()
    };
    assert!(row(&[]).ends_with(&format!(" {}", patterns(100, 0).join(" "))));
    let three = row(&["--max-args", "3"]);
    assert!(
        three.ends_with(&format!(" {} ...", patterns(3, 0).join(" "))),
        "{three}"
    );
}

/// The limits hold for JSON and CSV, too, and what they leave out is marked.
fn limits_of_arguments() {
    let few = Tracer::json(&["--max-args", "3"]);
    let short = Tracer::json(&["--max-arg-bytes", "1K"]);
    let csv = Tracer::start(&[
        "--format",
        "csv",
        "--max-args",
        "2",
        "--columns",
        "pid,args",
    ]);
    let subject = subject(&["argv", "100", "50"]);
    let (few, short, csv) = (few.stop(), short.stop(), csv.stop());
    let exec = few.second_exec_of(subject.pid);
    assert_eq!(exec["args"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        (&exec["shortened"], &exec["args_complete"]),
        (&true.into(), &true.into())
    );
    let exec = short.second_exec_of(subject.pid);
    let args = exec["args"].as_array().expect("arguments");
    let bytes: usize = args
        .iter()
        .filter_map(|arg| Some(arg.as_str()?.len() + 1))
        .sum();
    assert!((1000..=1025).contains(&bytes), "{bytes}");
    assert_eq!(exec["shortened"], true);
    let row = format!("{},{}", exec["pid"], patterns(2, 50).join(" "));
    assert!(csv.lines().any(|line| line == row), "{row}");
}

/// Long arguments are whole where the output is no terminal.
fn long_arguments_are_whole() {
    let tracer = Tracer::start(&[]);
    subject(&["argv", "2", "100000"]);
    let trace = tracer.stop();
    assert!(trace.text().contains(&patterns(2, 100_000).join(" ")));
}

/// -q puts every argument in double quotes.
fn quotes() {
    let mark = mark();
    let tracer = Tracer::start(&["-q"]);
    subject(&["noop", &mark, "", "a \"b\" \\"]);
    let trace = tracer.stop();
    let row = trace.line_with(&mark);
    let expected = format!(
        "\"{}\" \"noop\" \"{mark}\" \"\" \"a \\\"b\\\" \\\\\"",
        workload().display()
    );
    assert!(row.ends_with(&expected), "{row}");
}

/// --events replaces the choice of what is shown.
fn events() {
    let tracer = Tracer::json(&["--events", "failed"]);
    let failing = subject(&["fail", "ENOENT", "/nonexistent/program"]);
    let trace = tracer.stop();
    assert_eq!(trace.execs_of(failing.pid).len(), 1);
    assert!(
        trace
            .execs()
            .iter()
            .all(|exec| exec["ret"].as_i64() < Some(0))
    );
    assert_eq!(trace.accounting().shown, trace.execs().len() as u64);
}

/// Processes that never exec are seen as forks, with their creators.
fn forks() {
    let tracer = Tracer::json(&["--events", "fork"]);
    let parent = subject(&["fork-children", "5"]);
    let trace = tracer.stop();
    let forks = trace.of_type("fork");
    let own = forks
        .iter()
        .find(|fork| fork["ns_pid"] == parent.pid)
        .expect("the parent was forked too");
    let children: Vec<_> = forks
        .iter()
        .filter(|fork| fork["creator_id"] == own["id"])
        .collect();
    let pids: Vec<_> = children.iter().map(|fork| fork["ns_pid"].clone()).collect();
    assert_eq!(serde_json::Value::from(pids), parent.json());
    assert!(
        children
            .iter()
            .all(|fork| fork["vfork"] == false && fork["creator_pid"] == own["pid"])
    );
    assert_eq!(trace.execs().len(), 0);
}

/// `--count` ends the trace after that number of events; later ones are discarded, and counted.
fn count() {
    let tracer = Tracer::json(&["--count", "5"]);
    subject(&["storm", "100"]);
    let trace = tracer.wait().expect_success();
    assert_eq!(trace.execs().len(), 5);
    let accounting = trace.accounting();
    assert_eq!(accounting.shown, 5);
    assert_eq!(
        accounting.discarded,
        accounting.seen - 5 - accounting.filtered - accounting.lost
    );
}

/// --count counts what is shown, not what is filtered.
fn count_of_what_is_shown() {
    let tracer = Tracer::json(&["--count", "2", "-l", "0-(17|42)$"]);
    subject(&["storm", "100"]);
    let trace = tracer.wait().expect_success();
    let names: Vec<_> = trace
        .execs()
        .iter()
        .map(|exec| exec["args"][1].clone())
        .collect();
    assert_eq!(names, ["0-17", "0-42"]);
    assert!(trace.accounting().filtered >= 42);
}

/// --duration ends the trace after that time, well.
fn duration() {
    let begin = Instant::now();
    let tracer = Tracer::json(&["--duration", "500ms"]);
    let subject = subject(&["noop"]);
    let trace = tracer.wait().expect_success();
    let took = begin.elapsed();
    assert!(
        took >= Duration::from_millis(500) && took < Duration::from_secs(5),
        "{took:?}"
    );
    assert_eq!(trace.execs_of(subject.pid).len(), 1);
    assert_eq!(trace.accounting().lost, 0);
}

/// CSV has a header and a row for each exec, with the same values as JSON.
fn csv() {
    let (as_csv, as_json) = (
        Tracer::start(&["--format", "csv", "-x"]),
        Tracer::json(&["-x"]),
    );
    let failing = subject(&["fail", "ENOENT", "/nonexistent/pro,gram \"x\""]);
    let (as_csv, as_json) = (as_csv.stop(), as_json.stop());
    let mut reader = csv::Reader::from_reader(as_csv.events.as_slice());
    let header = reader.headers().expect("a header").clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let field = |row: &csv::StringRecord, name: &str| {
        let at = header.iter().position(|column| column == name);
        row[at.unwrap_or_else(|| panic!("no column {name}"))].to_owned()
    };
    let expected = as_json.second_exec_of(failing.pid);
    let row = rows
        .iter()
        .find(|row| field(row, "id") == expected["id"] && field(row, "errno") == "ENOENT")
        .expect("the row");
    for name in ["type", "parent_id", "comm", "pcomm", "filename"] {
        assert_eq!(expected[name], field(row, name), "{name}");
    }
    for name in ["pid", "tid", "ppid", "uid", "ret", "args_complete"] {
        assert_eq!(expected[name].to_string(), field(row, name), "{name}");
    }
    assert!(field(row, "time").parse::<Timestamp>().is_ok());
    assert_eq!(field(row, "args"), "failing first '' 'two words'");
}

/// -o writes events to a file, and nothing of them elsewhere.
fn output_file() {
    let dir = public_dir();
    let file = dir.path().join("events.jsonl");
    let mark = mark();
    let tracer = Tracer::json(&["-o", text(&file)]);
    subject(&["noop", &mark]);
    let trace = tracer.stop();
    assert_eq!(trace.stdout, b"");
    assert!(
        fs::read_to_string(&file)
            .expect("the file is there")
            .contains(&mark)
    );
    assert_eq!(trace.accounting().lost, 0);
}

/// An output file is private, unless it existed with other permissions.
fn output_file_is_private() {
    let dir = public_dir();
    let mode = |file: &Path| fs::metadata(file).expect("it is there").mode() & 0o777;
    let (new, old) = (dir.path().join("new"), dir.path().join("old"));
    fs::write(&old, "").expect("it can be written");
    fs::set_permissions(&old, Permissions::from_mode(0o640)).expect("it is ours");
    for file in [&new, &old] {
        run(&[], &["-o", text(file), "--duration", "1ms"]).expect_success();
    }
    assert_eq!((mode(&new), mode(&old)), (0o600, 0o640));
}

/// A file that cannot be written is a failure that names it.
fn output_file_that_cannot_be_written() {
    let trace = run(&[], &["-o", "/nonexistent/events", "--duration", "5s"]);
    assert_eq!(trace.status.code(), Some(1), "{}", trace.stderr);
    assert!(
        trace.stderr.contains("/nonexistent/events"),
        "{}",
        trace.stderr
    );
}

/// A full disk does not change the status of a command that ran, but is said.
fn full_disk_under_a_command() {
    let trace = trace_command(&["-o", "/dev/full"], &["sh", "-c", "exit 3"]);
    assert_eq!(trace.status.code(), Some(3), "{}", trace.stderr);
    assert!(trace.stderr.contains("No space left"), "{}", trace.stderr);
}

/// Any size of ring is taken: the kernel's needs are not the user's.
fn ring_sizes() {
    for size in ["1", "5000", "100K", "3M", "64MiB"] {
        let trace: Trace = run(&[], &["--ring-size", size, "--duration", "1ms"]);
        assert_eq!(trace.status.code(), Some(0), "{size}: {}", trace.stderr);
    }
}

/// --stats says what it cost in the kernel, and whether the ring was ever in danger.
fn stats() {
    let tracer = Tracer::json(&["--stats"]);
    subject(&["storm", "200"]);
    let trace = tracer.stop();
    let stderr = trace.stderr.to_lowercase();
    for word in ["on_exec", "ns", "ring", "skipped"] {
        assert!(stderr.contains(word), "{word} in {stderr}");
    }
    let line = stderr
        .lines()
        .find(|line| line.contains("on_exec"))
        .expect("a line for the program");
    let numbers = line
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|word| word.parse::<u64>().ok());
    assert!(numbers.max() >= Some(200), "{line}");
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [] => [wrong_usage, help_and_version];
        [Tracing] => [
            default_columns, times, user_and_cpu, max_args, limits_of_arguments, long_arguments_are_whole, quotes, events,
            forks, count, count_of_what_is_shown, duration, csv, output_file, output_file_is_private,
            output_file_that_cannot_be_written, full_disk_under_a_command, ring_sizes, stats,
        ];
    ]
}
