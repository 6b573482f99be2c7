//! Every way into an exec is seen.

use std::fs;
use std::process::Command;

use crate::Case;
use crate::support::executable;
use crate::support::output_reader::args;
use crate::support::public_dir;
use crate::support::requirements::Need::Int80;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run_subject;
use crate::support::subject;
use crate::support::text;
use crate::support::workload;

/// A script's arguments begin with its interpreter; the file named is the script, the file that
/// runs is the interpreter.
fn script_with_interpreter_line() {
    let dir = public_dir();
    let path = dir.path().join("script");
    executable(&path, "#!/bin/sh -e\nexit 0\n");
    let tracer = Tracer::json(&[]);
    let subject = run_subject(Command::new(&path).args(["one", "two words"]));
    let execs = tracer.stop().execs_of(subject.pid);
    assert_eq!(execs.len(), 1);
    let sh = fs::canonicalize("/bin/sh").expect("there is a shell");
    assert_eq!(
        args(&execs[0]),
        ["/bin/sh", "-e", text(&path), "one", "two words"]
    );
    assert_eq!(execs[0]["script"], text(&path));
    assert_eq!(execs[0]["filename"], text(&path));
    assert_eq!(execs[0]["exe"], text(&sh));
    assert_eq!(execs[0]["comm"], "script");
}

/// A program that exists in memory only.
fn fexecve_of_a_memfd() {
    let tracer = Tracer::json(&[]);
    let subject = subject(&["fexecve-memfd"]);
    let exec = tracer.stop().second_exec_of(subject.pid);
    assert_eq!(args(&exec), ["ghost", "from memory"]);
    assert!(
        exec["filename"]
            .as_str()
            .is_some_and(|name| name.starts_with("/dev/fd/")),
        "{exec}"
    );
    assert!(
        exec["exe"]
            .as_str()
            .is_some_and(|exe| exe.contains("memfd:ghost")),
        "{exec}"
    );
    assert!(exec["script"].is_null());
}

/// A name relative to an open directory: the file that runs has its full path.
fn execveat_with_a_directory() {
    let tracer = Tracer::json(&[]);
    let subject = subject(&["execveat-dirfd"]);
    let exec = tracer.stop().second_exec_of(subject.pid);
    assert_eq!(args(&exec), ["relative", "to a directory"]);
    assert_eq!(exec["exe"], text(&workload()));
    let filename = exec["filename"].as_str().expect("a file name");
    assert!(
        filename.starts_with("/dev/fd/") && filename.ends_with("/workload"),
        "{filename}"
    );
}

/// A thread that calls exec takes over its process's number, and leaves its own in the event.
fn from_another_thread() {
    let tracer = Tracer::json(&[]);
    let subject = subject(&["thread-exec"]);
    let trace = tracer.stop();
    let exec = trace.second_exec_of(subject.pid);
    assert_eq!(args(&exec), ["from", "another thread"]);
    assert_eq!(
        trace.execs_of(subject.pid)[0]["id"],
        exec["id"],
        "it is still the same process"
    );
    let behind = |exec: &serde_json::Value| {
        exec["tid"].as_u64().expect("a number") - exec["pid"].as_u64().expect("a number")
    };
    let caller = subject.json()["tid"].as_u64().expect("a number");
    assert_eq!(behind(&exec), caller - u64::from(subject.pid));
    assert_ne!(behind(&exec), 0);
}

/// A successful exec by the entrance of 32-bit programs.
fn by_int80() {
    let tracer = Tracer::json(&[]);
    let subject = subject(&["int80"]);
    let exec = tracer.stop().second_exec_of(subject.pid);
    assert_eq!(args(&exec), ["narrow", "32-bit", "two words"]);
}

/// A symbolic link is what was named; what it points to is what runs.
fn through_a_symbolic_link() {
    let dir = public_dir();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(workload(), &link).expect("a link can be made");
    let tracer = Tracer::json(&[]);
    let subject = run_subject(Command::new(&link).arg("noop"));
    let execs = tracer.stop().execs_of(subject.pid);
    assert_eq!(execs[0]["filename"], text(&link));
    assert_eq!(execs[0]["exe"], text(&workload()));
    assert_eq!(execs[0]["comm"], "link");
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            script_with_interpreter_line, fexecve_of_a_memfd, execveat_with_a_directory,
            from_another_thread, through_a_symbolic_link,
        ];
        [Tracing, Int80] => [by_int80];
    ]
}
