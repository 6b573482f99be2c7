//! The tables as people see them.

use clap::Parser as _;
use execsnoop_events::Ancestor;
use execsnoop_events::Argv;
use execsnoop_events::CgroupRef;
use execsnoop_events::Clock;
use execsnoop_events::Cpu;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Exec;
use execsnoop_events::Exit;
use execsnoop_events::ExitStatus;
use execsnoop_events::Image;
use execsnoop_events::LoginSession;
use execsnoop_events::PathRoot;
use execsnoop_events::ProcessId;
use execsnoop_events::ProcessSummary;
use execsnoop_events::Redacted;
use execsnoop_events::json::Annotations;
use execsnoop_events::quote;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::args::TraceArgs;
use crate::cmd::settings::OutputSpec;
use crate::cmd::settings::Settings;
use crate::output::Color;
use crate::output::line_output::LineFormat as _;

fn exec<'a>(args: Argv<'a>) -> Exec<'a> {
    let process = |pid| ProcessId { pid, start_ns: 1 };
    Exec {
        process: process(4711),
        tid: 4711,
        parent: process(4700),
        comm: b"ls",
        parent_comm: b"bash",
        uid: Some(1000),
        euid: Some(1000),
        gid: Some(100),
        egid: Some(100),
        session: LoginSession::default(),
        cpu: Some(1),
        ret: 0,
        fatal: false,
        filename: Some(b"/bin/ls"),
        exe: None,
        exe_root: None,
        script: false,
        secure: false,
        args,
        place: Some(CgroupRef::unified(1)),
        ns_pid: Some(4711),
        pid_ns: Some(1),
        mnt_ns: Some(2),
        file: None,
        cwd: None,
        cwd_root: None,
        env: None,
        redacted: Redacted::NOTHING,
        peak_before: None,
        exec_number: None,
    }
}

fn at(boot_ns: u64, data: EventData<'_>) -> Event<'_> {
    let time: Timestamp = "2026-11-23T09:49:07Z".parse().expect("a time");
    Event {
        time,
        boot_ns,
        data,
    }
}

fn format(args: &TraceArgs, is_terminal: bool) -> Table {
    let settings = Settings::new(args, false).expect("valid options");
    let OutputSpec::Table {
        options,
        columns,
        has_args,
        ..
    } = settings.output
    else {
        panic!("that is a table");
    };
    let options = TableOptions {
        is_colored: args.show.color == Color::Always,
        abridge: is_terminal,
        ..options
    };
    let mut table = Table::new(&options, columns, has_args);
    table.context.zone = TimeZone::UTC;
    table
}

/// The header, and the line of an exec one and a half seconds after the start.
fn table(options: &[&str], terminal: bool, exec: Exec<'_>) -> [String; 2] {
    let args = TraceArgs::parse_from(["execsnoop"].iter().chain(options));
    let mut text = format(&args, terminal);
    let mut out = Vec::new();
    text.header(&mut out);
    text.event(
        &mut out,
        &at(1_000_000_000, EventData::Clock(Clock { first: true })),
        &Annotations::default(),
    );
    text.event(
        &mut out,
        &at(2_500_000_000, EventData::Exec(exec)),
        &Annotations::default(),
    );
    let out = String::from_utf8(out).expect("text");
    let mut lines = out.lines().map(str::to_owned);
    let table = [
        lines.next().expect("a header"),
        lines.next().expect("a line"),
    ];
    assert_eq!(lines.next(), None, "an exec is one line");
    table
}

fn line(options: &[&str], exec: Exec<'_>) -> String {
    let [_, line] = table(options, false, exec);
    line
}

/// The default, and every column that can be asked for.
#[test]
fn our_own_columns() {
    let ls = Argv::whole(b"ls\0-l\0two words\0");
    let [header, line] = table(&[], false, exec(ls));
    assert_eq!(header, "PID     PPID    PCOMM            RET     ARGS");
    assert_eq!(
        line,
        "4711    4700    bash             0       ls -l 'two words'"
    );
    let [header, line] = table(&["-TtUCM"], false, exec(ls));
    assert_eq!(
        header,
        "TIME     TIME(s)   UID    PID     PPID    CPU  PCOMM            RET     ARGS"
    );
    assert_eq!(
        line,
        "09:49:07 1.500     1000   4711    4700    1    bash             0       ls -l 'two words'"
    );
}

/// bcc's columns, byte for byte: "%-9s", "%-8s", "%-6s", "%-16s %-7s ", "%-16s ", "%-7s ", "%-4s ",
/// "%3s %s" in tools/execsnoop.py.
#[test]
fn columns_of_bcc() {
    let ls = Argv::whole(b"ls\0-l\0two words\0");
    let [header, line] = table(&["--compat", "bcc", "-TtUMC"], false, exec(ls));
    assert_eq!(
        header,
        "TIME     TIME(s) UID   COMM             PID     PCOMM            PPID    CPU  RET ARGS"
    );
    assert_eq!(
        line,
        "09:49:07 1.500   1000  ls               4711    bash             4700    1      0 /bin/ls -l two words"
    );
}

/// libbpf-tools' columns: "%-9s", "%-8s ", "%-6s ", "%-16s %-6s %-6s %3s %s" in execsnoop.c.
#[test]
fn columns_of_libbpf_tools() {
    let ls = Argv::whole(b"ls\0-l\0");
    let [header, line] = table(&["--compat", "libbpf", "-TtU", "-q"], false, exec(ls));
    assert_eq!(
        header,
        "TIME     TIME(s)  UID    PCOMM            PID    PPID   RET ARGS"
    );
    assert_eq!(
        line,
        r#"09:49:07 1.500    1000   ls               4711   4700     0 "/bin/ls" "-l""#
    );
}

/// Every field is a column, too, with the plain value that JSON has.
#[test]
fn fields_as_columns() {
    let ls = exec(Argv::whole(b"ls\0-l\0"));
    let options = ["--columns", "pid,filename,mnt_ns,cpu_ns,args_complete,args"];
    let [header, row] = table(&options, false, ls);
    assert_eq!(
        header,
        "PID     FILENAME     MNT_NS       CPU_NS       ARGS_COMPLETE ARGS"
    );
    assert_eq!(
        row,
        "4711    /bin/ls      2            -            true          ls -l"
    );
}

/// Wide lines are cut where that is asked for, and marked.
#[test]
fn wide_lines() {
    let options = ["--max-width=45", "--columns", "pid,args"];
    let args = format!("ls\0{}\0", "x".repeat(100));
    let [header, cut] = table(&options, false, exec(Argv::whole(args.as_bytes())));
    assert_eq!(header, "PID     ARGS");
    assert_eq!(cut, format!("4711    ls {}>", "x".repeat(33)));
    let colored = [&options[..], &["--color", "always"]].concat();
    let [_, cut] = table(&colored, false, exec(Argv::whole(args.as_bytes())));
    assert!(cut.ends_with("x\x1b[0m\x1b[7m>\x1b[0m"), "{cut:?}");
    let long = ["--max-width", "--columns", "pid,args"];
    let whole = table(&long, false, exec(Argv::whole(args.as_bytes())));
    assert!(whole[1].ends_with('x'), "there is no terminal");
}

/// The other tools' limit, the mark for it, and a limit of one's own.
#[test]
fn limits() {
    let many: Vec<u8> = (0..30)
        .flat_map(|n| format!("{n}\0").into_bytes())
        .collect();
    let compat = line(&["--compat", "bcc"], exec(Argv::whole(&many)));
    assert!(
        compat.ends_with(" /bin/ls 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 ..."),
        "{compat}"
    );
    let twenty = &many[..many.len() - 30];
    let compat = line(&["--compat", "bcc"], exec(Argv::whole(twenty)));
    assert!(
        compat.ends_with(" 19"),
        "exactly at the limit nothing is left out: {compat}"
    );
    let own = line(&["--max-args", "2"], exec(Argv::whole(&many)));
    assert!(own.ends_with(" 0 1 ..."), "{own}");
}

/// A script's arguments begin after the interpreter's; a failed exec names the file.
#[test]
fn arguments_as_called() {
    let script = Exec {
        script: true,
        filename: Some(b"./x.sh"),
        ..exec(Argv::whole(b"/bin/sh\0-e\0./x.sh\0a\0"))
    };
    assert!(line(&["--compat", "bcc"], script).ends_with("  0 ./x.sh a"));
    assert!(line(&[], script).ends_with("/bin/sh -e ./x.sh a"));

    let failed = Exec {
        ret: -2,
        filename: Some(b"/sbin/ls"),
        ..exec(Argv::whole(b"ls\0-l\0"))
    };
    assert!(line(&[], failed).ends_with(" ENOENT  /sbin/ls -l"));
    assert!(line(&["--compat", "bcc"], failed).ends_with("  -2 /sbin/ls -l"));
}

/// What is missing is said, in a form that no argument can have.
#[test]
fn incomplete_arguments() {
    let cut = exec(Argv::cut(b"ls\0-l", 9000));
    assert!(line(&[], cut).ends_with("ls -l <incomplete: 5 of 9000 bytes>"));
    let unread = exec(Argv::one_by_one(b"ls\0\0", &[1], true));
    assert!(line(&[], unread).ends_with("ls <unreadable> <incomplete>"));
    let unknown = exec(Argv::cut(b"", 9));
    assert!(line(&[], unknown).ends_with(" <arguments unreadable>"));
    let forged = exec(Argv::whole(b"<unreadable>\0"));
    assert!(line(&[], forged).ends_with(" '<unreadable>'"));
}

/// What a limit left out is told apart from what did not arrive.
#[test]
fn shortened_arguments() {
    let shorter = |args: Argv<'static>| exec(args.shortened(None, Some(5)).expect("shorter"));
    let whole = shorter(Argv::whole(b"ls\0-la\0x\0"));
    assert!(line(&[], whole).ends_with("ls -l <cut: 5 of 9 bytes>"));
    let cut = shorter(Argv::cut(b"ls\0-la\0x\0", 9000));
    assert!(line(&[], cut).ends_with("ls -l <cut: 5 of 9000 bytes> <incomplete>"));
}

/// Only on a terminal, and only there, one very long argument is abridged.
#[test]
fn long_arguments() {
    let block = ["x".repeat(2000).as_bytes(), b"\0-l\0"].concat();
    let [_, abridged] = table(&[], true, exec(Argv::whole(&block)));
    assert!(
        abridged.ends_with(&format!("{}…<2000 bytes> -l", "x".repeat(256))),
        "{abridged}"
    );
    assert!(line(&[], exec(Argv::whole(&block))).contains(&"x".repeat(2000)));
}

/// Names are as hostile as arguments: a process chooses its own.
#[test]
fn hostile_names() {
    let hostile = Exec {
        comm: b"a\n\x1b[2J",
        parent_comm: b"\xff\n",
        ..exec(Argv::whole(b"x\ny\0"))
    };
    for options in [
        &[][..],
        &["-q"],
        &["--compat", "bcc", "-M"],
        &["--compat", "libbpf", "-q"],
    ] {
        let line = line(options, hostile);
        assert!(line.chars().all(quote::printable), "{line:?}");
    }
}

/// Colours come only when asked for, and end where they should.
#[test]
fn colors() {
    let failed = Exec {
        ret: -2,
        ..exec(Argv::whole(b"ls\0"))
    };
    let [header, line] = table(&["--color", "always"], false, failed);
    assert!(header.starts_with("\x1b[1m") && header.ends_with("\x1b[0m"));
    assert!(line.contains("\x1b[31mENOENT  \x1b[0m"), "{line:?}");
}

fn end(status: ExitStatus) -> Exit<'static> {
    use execsnoop_events::Cost;
    let id = |pid, start_ns| ProcessId { pid, start_ns };
    Exit {
        process: id(4711, 1_000_000_000),
        parent: id(4700, 1),
        comm: b"cc1",
        uid: Some(1000),
        gid: Some(100),
        place: Some(CgroupRef::unified(1)),
        ns_pid: Some(4711),
        status: Some(status),
        oom_killed: None,
        by_exec: false,
        exec_ns: None,
        exec_number: None,
        cost: Some(Cost {
            cpu: Cpu::divided(3_214_567, true, 1, 1),
            max_rss_bytes: Some(4_404_019),
            peak_rss_bytes: 1 << 30,
            minor_faults: 0,
            major_faults: 0,
            voluntary_switches: 0,
            involuntary_switches: 0,
            io: None,
        }),
    }
}

/// The line of a process that ended, or lives, 1.5 seconds after it began.
fn process_line(options: &[&str], image: Option<Image<'_>>, exit: Option<Exit<'_>>) -> String {
    let args = TraceArgs::parse_from(["execsnoop"].iter().chain(options));
    let mut text = format(&args, false);
    let id = |pid, start_ns| ProcessId { pid, start_ns };
    let process = ProcessSummary {
        process: id(4711, 1_000_000_000),
        parent: id(4700, 1),
        creator: None,
        comm: b"cc1",
        parent_comm: Some(b"make"),
        uid: Some(1000),
        gid: Some(100),
        place: Some(CgroupRef::unified(1)),
        ns_pid: Some(4711),
        session: None,
        image,
        execs: 1,
        exec_ns: None,
        exit,
    };
    let ancestors = [Ancestor {
        process: id(4700, 1),
        comm: b"ma <- ke",
        args: None,
    }];
    let notes = Annotations {
        ancestors: args.show.ancestors.map(|_| &ancestors[..]),
        ..Annotations::default()
    };
    let mut out = Vec::new();
    text.event(
        &mut out,
        &at(2_500_000_000, EventData::Summary(process)),
        &notes,
    );
    String::from_utf8(out).expect("text")
}

fn cc1() -> Option<Image<'static>> {
    Some(Image {
        filename: Some(b"/usr/bin/cc1"),
        exe: None,
        exe_root: None,
        script: false,
        args: Argv::whole(b"cc1\0two words.c\0"),
        ..Image::UNKNOWN
    })
}

/// What a path is relative to stands before it, unless it is a file of the machine.
#[test]
fn paths_of_other_roots() {
    let shown = |path: &'static [u8], root| {
        let mut cell = Vec::new();
        cells::path(&mut cell, Some(path), Some(root));
        String::from_utf8(cell).expect("text")
    };
    assert_eq!(shown(b"/bin/ls", PathRoot::Machine), "/bin/ls");
    assert_eq!(shown(b"/bin/ls", PathRoot::Namespace), "(namespace)/bin/ls");
    assert_eq!(shown(b"/a\n", PathRoot::Elsewhere), "(elsewhere)/a\\n");
}

/// Whole processes: how long, how dear, how ended.
#[test]
fn lives() {
    assert_eq!(
        process_line(&["-d"], cc1(), Some(end(ExitStatus::Code(7)))),
        "4711    4700    make             1.50s   3.21ms  4.19M  7       cc1 'two words.c'\n"
    );
    let estimated = Exit {
        cost: Some(execsnoop_events::Cost {
            cpu: Cpu::divided(3_214_567, false, 1, 1),
            max_rss_bytes: None,
            ..end(ExitStatus::Code(0)).cost.expect("it has costs")
        }),
        ..end(ExitStatus::Signal {
            number: 11,
            core_dumped: true,
        })
    };
    assert_eq!(
        process_line(&["-d"], None, Some(estimated)),
        "4711    4700    make             1.50s   ~3.21ms -      SIGSEGV,core [cc1]\n"
    );
    let killed = Exit {
        oom_killed: Some(true),
        ..end(ExitStatus::Signal {
            number: 9,
            core_dumped: false,
        })
    };
    let line = process_line(&["-d"], None, Some(killed));
    assert!(line.ends_with(" SIGKILL,oom [cc1]\n"), "{line}");
    assert_eq!(
        process_line(&["-d"], cc1(), None),
        "4711    4700    make             1.50s   -       -      alive   cc1 'two words.c'\n"
    );
}

/// Ancestors stand at the end of the line, and a name cannot forge one.
#[test]
fn ancestors_in_the_table() {
    let line = process_line(&["-d", "--ancestors"], cc1(), None);
    assert!(
        line.ends_with("cc1 'two words.c' <- 'ma <- ke'(4700)\n"),
        "{line}"
    );
}
