//! Facts about an exec that are worth a look: more rights than the caller's, files that are not
//! there, where it happened, in which environment, in which namespaces.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use serde_json::json;

use crate::Case;
use crate::fields::users::last_exec;
use crate::support::STRANGER;
use crate::support::executable;
use crate::support::mark;
use crate::support::public_dir;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::SetUserId;
use crate::support::requirements::Need::Setcap;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::Need::Unshare;
use crate::support::requirements::Need::UserNamespace;
use crate::support::run::Tracer;
use crate::support::run_subject;
use crate::support::subject;
use crate::support::text;
use crate::support::workload;

/// Traces a command, with a mark as its last argument, and gives its last exec.
fn seen(options: &[&str], command: &mut Command) -> Value {
    let mark = mark();
    let tracer = Tracer::json(options);
    run_subject(command.arg(&mark));
    last_exec(&tracer.stop(), &mark)
}

/// A copy of the workload that a test may change.
fn copy(dir: &Path) -> PathBuf {
    let program = dir.join("copy");
    fs::copy(workload(), &program).expect("the workload can be copied");
    program
}

fn as_stranger(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("noop").uid(STRANGER).gid(STRANGER);
    command
}

/// A set-user-id program has more rights than its caller; it has none when its owner calls it.
fn set_user_id() {
    let dir = public_dir();
    let program = copy(dir.path());
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).expect("it is ours");
    let exec = seen(&[], &mut as_stranger(&program));
    assert_eq!(
        (&exec["secure"], &exec["euid"], &exec["uid"]),
        (&true.into(), &0.into(), &STRANGER.into())
    );
    let exec = seen(&[], Command::new(&program).arg("noop"));
    assert_eq!(exec["secure"], false);
}

fn set_group_id() {
    let dir = public_dir();
    let program = copy(dir.path());
    fs::set_permissions(&program, fs::Permissions::from_mode(0o2755)).expect("it is ours");
    let exec = seen(&[], &mut as_stranger(&program));
    assert_eq!(
        (&exec["secure"], &exec["egid"], &exec["gid"]),
        (&true.into(), &0.into(), &STRANGER.into())
    );
}

/// Capabilities of a file, too, are more than its caller has, though the user stays the same.
fn file_capabilities() {
    let dir = public_dir();
    let program = copy(dir.path());
    run_subject(Command::new("setcap").args(["cap_net_raw+ep", text(&program)]));
    let exec = seen(&[], &mut as_stranger(&program));
    assert_eq!(
        (&exec["secure"], &exec["euid"]),
        (&true.into(), &STRANGER.into())
    );
}

fn ordinary() {
    let exec = seen(&[], Command::new(workload()).arg("noop"));
    for field in ["secure", "deleted", "memfd", "redacted"] {
        assert_eq!(exec[field], false, "{field}");
    }
    assert_eq!(
        (&exec["script"], &exec["cwd"], &exec["env"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
}

/// A file that is gone by the time it runs.
fn deleted() {
    let dir = public_dir();
    let program = copy(dir.path());
    let exec = seen(
        &[],
        Command::new(workload()).args(["fexecve-deleted", text(&program)]),
    );
    assert_eq!(
        (&exec["deleted"], &exec["memfd"]),
        (&true.into(), &false.into())
    );
    assert_eq!(exec["exe"], text(&program), "where it was");
}

/// A file that never was on a disk.
fn memfd() {
    let tracer = Tracer::json(&[]);
    let subject = subject(&["fexecve-memfd"]);
    let exec = tracer.stop().second_exec_of(subject.pid);
    assert_eq!(
        (&exec["memfd"], &exec["exe_root"]),
        (&true.into(), &"elsewhere".into())
    );
    assert!(
        exec["exe"]
            .as_str()
            .is_some_and(|exe| exe.contains("ghost")),
        "{}",
        exec["exe"]
    );
}

/// A script's record names both the script and its interpreter.
fn script() {
    let dir = public_dir();
    let script = dir.path().join("script");
    executable(&script, &format!("#!{} noop\n", text(&workload())));
    let exec = seen(&[], &mut Command::new(&script));
    assert_eq!(
        (&exec["script"], &exec["exe"]),
        (&text(&script).into(), &text(&workload()).into())
    );
    assert_eq!(exec["filename"], text(&script));
}

/// `exe` is the file behind links, by its path from the root.
fn resolved_path() {
    let dir = public_dir();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(workload(), &link).expect("a link can be made");
    let exec = seen(
        &[],
        Command::new("./link").current_dir(dir.path()).arg("noop"),
    );
    assert_eq!(
        (&exec["filename"], &exec["exe"]),
        (&"./link".into(), &text(&workload()).into())
    );
}

/// Makes directories below each other, with a path of some 2,500 bytes.
fn deep(dir: &Path) -> PathBuf {
    let deep = dir.join([&*"d".repeat(49)].repeat(50).join("/"));
    fs::create_dir_all(&deep).expect("directories can be made");
    deep
}

fn working_directory() {
    let dir = public_dir();
    for place in [dir.path(), Path::new("/"), &deep(dir.path())] {
        let exec = seen(
            &["--cwd"],
            Command::new(workload()).arg("noop").current_dir(place),
        );
        assert_eq!(exec["cwd"], text(place));
    }
}

/// The directory is that of the exec, not that in which the process began.
fn changed_directory() {
    let dir = public_dir();
    let deep = deep(dir.path());
    let script = "cd \"$1\" && shift && exec \"$@\"";
    let program = workload();
    let words = ["-c", script, "sh", text(&deep), text(&program), "noop"];
    let exec = seen(&["--cwd"], Command::new("sh").args(words));
    assert_eq!(exec["cwd"], text(&deep));
}

/// The exec of `sh -c SCRIPT sh DIR WORKLOAD noop` in a mount namespace of its own.
fn seen_in_own_mounts(script: &str, dir: &Path) -> Value {
    let program = workload();
    let words = [
        "-m",
        "sh",
        "-c",
        script,
        "sh",
        text(dir),
        text(&program),
        "noop",
    ];
    seen(&["--cwd"], Command::new("unshare").args(words))
}

/// From inside a mount the path goes on outside, up to the root.
fn directory_across_mounts() {
    let dir = public_dir();
    let script =
        "mount -t tmpfs none \"$1\" && mkdir -p \"$1/a/b\" && mount -t tmpfs none \"$1/a/b\" &&
        mkdir \"$1/a/b/c\" && cd \"$1/a/b/c\" && shift && exec \"$@\"";
    let exec = seen_in_own_mounts(script, dir.path());
    assert_eq!(exec["cwd"], text(&dir.path().join("a/b/c")));
}

/// Whether the tests are in the mount namespace of the machine's first process; `None` if that
/// process does not show it.
fn in_first_mount_namespace() -> Option<bool> {
    let ns = |pid| fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
    Some(ns("self") == Some(ns("1")?))
}

/// What paths are relative to: the machine's files, those of a mount namespace of one's own, or
/// nothing that is mounted anywhere, however much the path looks like one of the machine's.
fn roots_of_paths() {
    let dir = public_dir();
    let roots = |exec: &Value| [exec["exe_root"].clone(), exec["cwd_root"].clone()];
    let plain = seen(&["--cwd"], Command::new(workload()).arg("noop"));
    if in_first_mount_namespace() == Some(true) {
        assert_eq!(roots(&plain), ["machine", "machine"], "{plain}");
    }
    let program = workload();
    let own = ["-m", text(&program), "noop"];
    let own = seen(&["--cwd"], Command::new("unshare").args(own));
    assert_eq!(roots(&own), ["namespace", "namespace"], "{own}");
    let script = "mount -t tmpfs none \"$1\" && mkdir -p \"$1/usr/bin\" &&
        cp \"$2\" \"$1/usr/bin/ls\" && cd \"$1/usr/bin\" && umount -l \"$1\" &&
        shift 2 && exec ./ls \"$@\"";
    let detached = seen_in_own_mounts(script, dir.path());
    assert_eq!(
        (&detached["exe"], &detached["cwd"]),
        (&"/usr/bin/ls".into(), &"/usr/bin".into())
    );
    assert_eq!(roots(&detached), ["elsewhere", "elsewhere"], "{detached}");
}

/// A child that shares its parent's memory has a directory of its own.
fn directory_of_a_vfork_child() {
    let dir = public_dir();
    let exec = seen(
        &["--cwd"],
        Command::new(workload()).args(["vfork-in", text(dir.path())]),
    );
    assert_eq!(args_of(&exec)[0], "noop");
    assert_eq!(exec["cwd"], text(dir.path()));
}

fn args_of(exec: &Value) -> Vec<&str> {
    crate::support::output_reader::args(exec)
}

/// The directory of a whole process is that of its last exec.
fn directory_of_a_process() {
    let dir = public_dir();
    let mark = mark();
    let tracer = Tracer::json(&["-d", "--cwd", "--env", "CHOSEN"]);
    let mut command = Command::new(workload());
    run_subject(
        command
            .args(["noop", &mark])
            .current_dir(dir.path())
            .env("CHOSEN", "yes"),
    );
    let processes = tracer.stop().of_type("process");
    let process = processes
        .iter()
        .find(|it| it["args"][2] == *mark)
        .expect("it is shown");
    assert_eq!(
        (&process["cwd"], &process["env"]),
        (&text(dir.path()).into(), &json!({"CHOSEN": "yes"}))
    );
}

/// Chosen variables, and no others; what is not set is not there.
fn chosen_variables() {
    let mut command = Command::new(workload());
    command
        .arg("noop")
        .env("FIRST", "1")
        .env("SECOND", "two words")
        .env("THIRD", "secret");
    let exec = seen(
        &["--env", "SECOND,MISSING_ONE", "--env", "FIRST"],
        &mut command,
    );
    assert_eq!(exec["env"], json!({"FIRST": "1", "SECOND": "two words"}));
}

fn none_of_the_chosen() {
    let exec = seen(
        &["--env", "MISSING_ONE"],
        Command::new(workload()).arg("noop"),
    );
    assert_eq!(exec["env"], json!({}));
}

/// An empty environment differs from one that was not asked for.
fn empty_environment() {
    let exec = seen(
        &["--env", "PATH"],
        Command::new(workload()).arg("noop").env_clear(),
    );
    assert_eq!(exec["env"], json!({}));
}

/// Nobody's environment is shown by itself, in any form.
fn private_by_default() {
    let secret = mark();
    for options in [
        &["--format", "json"][..],
        &["--format", "csv"],
        &[],
        &["--format", "json", "-d"],
    ] {
        let tracer = Tracer::start(options);
        run_subject(
            Command::new(workload())
                .arg("noop")
                .env("A_SECRET", &secret),
        );
        let trace = tracer.stop();
        assert!(
            trace.text().contains("noop") && !trace.text().contains(&secret),
            "{options:?}"
        );
    }
}

/// What is no name with a value does no harm, and a value can be any bytes.
fn odd_variables() {
    let names = "NOVALUE,BYTES,EMPTY,EQUALS,LINE";
    let exec = seen(&["--env", names], Command::new(workload()).arg("odd-env"));
    let expected = json!({"NOVALUE": "", "BYTES": "a\u{fffd}b", "EMPTY": "", "EQUALS": "a=b",
        "LINE": "a\nb\u{1b}[31m"});
    assert_eq!(exec["env"], expected);
}

/// Of a variable that is there twice, programs see the first (getenv), and so do we.
fn a_variable_twice() {
    let exec = seen(&["--env", "TWICE"], Command::new(workload()).arg("odd-env"));
    assert_eq!(exec["env"], json!({"TWICE": "first"}));
}

/// Environments of many KiB, and arguments of as many before them.
fn large_environments() {
    for (kib, args_kib) in [
        ("15", "0"),
        ("17", "0"),
        ("120", "0"),
        ("1", "100"),
        ("120", "100"),
        ("600", "300"),
    ] {
        let mark = mark();
        let tracer = Tracer::json(&["--env", "LAST,BIG0"]);
        subject(&["big-env", &mark, kib, args_kib]);
        let exec = last_exec(&tracer.stop(), &mark);
        assert_eq!(exec["env"]["LAST"], "found", "{kib} {args_kib}");
        assert_eq!(
            exec["env"]["BIG0"],
            crate::support::pattern(0, 1000),
            "{kib} {args_kib}"
        );
        let expected: usize = args_kib.parse().expect("a number");
        assert_eq!(args_of(&exec).len(), expected + 2);
    }
}

/// Variables with names and values that are no text.
fn names_that_are_no_text() {
    let name = OsStr::from_bytes(b"N\xff");
    let exec = seen(
        &["--env", "N,Nx"],
        Command::new(workload()).arg("noop").env(name, "x"),
    );
    assert_eq!(exec["env"], json!({}));
}

/// What a namespace is called inside of it.
const NUMBERS: &str = "stat -Lc '%i' /proc/self/ns/pid /proc/self/ns/mnt; exec \"$@\"";

fn namespace_numbers(said: &str) -> Vec<u64> {
    said.lines()
        .map(|line| line.parse().expect("a number"))
        .collect()
}

/// A pid namespace and the mount namespace beside it.
fn namespaces() {
    let mark = mark();
    let tracer = Tracer::json(&[]);
    let outside = run_subject(Command::new("sh").args([
        "-c",
        NUMBERS,
        "sh",
        text(&workload()),
        "noop",
        "out",
    ]));
    let program = workload();
    let words = [
        "-pf",
        "--mount-proc",
        "sh",
        "-c",
        NUMBERS,
        "sh",
        text(&program),
        "noop",
        &mark,
    ];
    let inside = run_subject(Command::new("unshare").args(words));
    let exec = last_exec(&tracer.stop(), &mark);
    let (outside, inside) = (
        namespace_numbers(&outside.stdout),
        namespace_numbers(&inside.stdout),
    );
    assert_eq!(exec["ns_pid"], 1);
    assert_eq!(
        [exec["pid_ns"].as_u64(), exec["mnt_ns"].as_u64()],
        [Some(inside[0]), Some(inside[1])]
    );
    assert!(outside[0] != inside[0] && outside[1] != inside[1]);
}

fn own_namespaces() {
    let exec = seen(&[], Command::new(workload()).arg("noop"));
    let number = |name: &str| {
        fs::metadata(format!("/proc/self/ns/{name}"))
            .expect("it is there")
            .ino()
    };
    assert_eq!(
        (&exec["pid_ns"], &exec["mnt_ns"]),
        (&number("pid").into(), &number("mnt").into())
    );
}

/// Root of a user namespace is the user of the machine that created it.
fn user_namespace() {
    let mark = mark();
    let program = workload();
    let words = [
        "-r",
        "sh",
        "-c",
        "id -u; exec \"$@\"",
        "sh",
        text(&program),
        "noop",
        &mark,
    ];
    let tracer = Tracer::json(&[]);
    let said = run_subject(
        Command::new("unshare")
            .args(words)
            .uid(STRANGER)
            .gid(STRANGER),
    );
    let exec = last_exec(&tracer.stop(), &mark);
    assert_eq!(said.stdout, "0\n");
    assert_eq!(
        (&exec["uid"], &exec["euid"], &exec["user"]),
        (&STRANGER.into(), &STRANGER.into(), &Value::Null)
    );
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            ordinary, deleted, memfd, script, resolved_path, working_directory, changed_directory,
            directory_of_a_vfork_child, directory_of_a_process, chosen_variables, none_of_the_chosen, empty_environment,
            private_by_default, odd_variables, a_variable_twice, large_environments,
            names_that_are_no_text, own_namespaces,
        ];
        [Tracing, Root, SetUserId] => [set_user_id, set_group_id];
        [Tracing, Root, Setcap] => [file_capabilities];
        [Tracing, Root, Unshare] => [directory_across_mounts, namespaces, roots_of_paths];
        [Tracing, Root, UserNamespace] => [user_namespace];
    ]
}
