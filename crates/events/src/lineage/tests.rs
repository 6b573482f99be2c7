//! Lives as they are, lives of which events are missing, and any events at all.

mod cut;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::event::Cost;
use crate::event::Cpu;
use crate::event::Existing;
use crate::event::Exit;
use crate::event::ExitStatus;
use crate::event::Redacted;

const MS: u64 = 1_000_000;
const ROOMY: Limits = Limits {
    processes: 1000,
    image_bytes: 1 << 20,
};
const INIT: ProcessId = id(1, 1);
const SHELL: ProcessId = id(100, 1000);

const fn id(pid: u32, start_ns: u64) -> ProcessId {
    ProcessId { pid, start_ns }
}

fn at(boot_ns: u64, data: EventData<'_>) -> Event<'_> {
    Event {
        time: Timestamp::from_nanosecond(i128::from(boot_ns % (1 << 60))).expect("before 2007"),
        boot_ns,
        data,
    }
}

fn running<'a>(
    process: ProcessId,
    parent: ProcessId,
    comm: &'a [u8],
    args: Argv<'a>,
) -> EventData<'a> {
    EventData::Existing(Existing {
        comm,
        uid: Some(1000),
        gid: Some(100),
        place: Some(CgroupRef::unified(7)),
        ns_pid: Some(process.pid),
        seen_pid: process.pid,
        image: Image {
            args,
            ..Image::UNKNOWN
        },
        ..Existing::alive(process, parent)
    })
}

fn fork(creator: ProcessId, process: ProcessId) -> EventData<'static> {
    EventData::Fork(Fork {
        process,
        creator,
        creator_tid: creator.pid,
        exec_number: None,
        vfork: Some(false),
        by_tracer: false,
        ns_pid: Some(process.pid),
    })
}

fn exec<'a>(process: ProcessId, parent: ProcessId, comm: &'a [u8], args: &'a [u8]) -> Exec<'a> {
    Exec {
        process,
        tid: process.pid,
        parent,
        comm,
        parent_comm: b"from exec",
        uid: Some(2000),
        euid: Some(2000),
        gid: Some(200),
        egid: Some(200),
        session: LoginSession::default(),
        cpu: Some(0),
        ret: 0,
        fatal: false,
        filename: Some(comm),
        exe: None,
        exe_root: None,
        script: false,
        secure: false,
        args: Argv::whole(args),
        place: Some(CgroupRef::unified(8)),
        ns_pid: Some(process.pid),
        pid_ns: Some(1),
        mnt_ns: Some(2),
        file: None,
        cwd: None,
        cwd_root: None,
        env: None,
        redacted: Redacted::NOTHING,
        exec_number: None,
        peak_before: Some(50),
    }
}

fn cpu(total_ns: u64, exact: bool) -> Cpu {
    Cpu::divided(total_ns, exact, 0, 0)
}

fn exit(process: ProcessId, parent: ProcessId) -> Exit<'static> {
    Exit {
        process,
        parent,
        comm: b"at exit",
        uid: Some(3000),
        gid: Some(300),
        place: Some(CgroupRef::unified(9)),
        ns_pid: Some(process.pid),
        status: Some(ExitStatus::Code(7)),
        oom_killed: None,
        by_exec: false,
        exec_ns: None,
        exec_number: None,
        cost: Some(Cost {
            cpu: cpu(500, false),
            max_rss_bytes: None,
            peak_rss_bytes: 100,
            minor_faults: 0,
            major_faults: 0,
            voluntary_switches: 0,
            involuntary_switches: 0,
            io: None,
        }),
    }
}

fn freed(process: ProcessId) -> EventData<'static> {
    EventData::FinalUsage(FinalUsage {
        process,
        cpu: cpu(600, true),
    })
}

/// What a test looks at in a `ProcessSummary` that came out.
#[derive(Debug, Clone)]
struct Out {
    time: Timestamp,
    boot_ns: u64,
    process: ProcessId,
    parent: ProcessId,
    creator: Option<ProcessId>,
    comm: String,
    parent_comm: Option<String>,
    ids: (u32, u32, u64),
    filename: Option<String>,
    /// With spaces between; `?` when they are not known.
    args: Option<String>,
    execs: u32,
    exec_ns: Option<u64>,
    exit: Option<Exit<'static>>,
    ancestors: Vec<ProcessId>,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn words(args: &Argv<'_>) -> String {
    let words: Vec<_> = args.iter().map(|arg| text(arg.unwrap_or(b"?"))).collect();
    match args.is_unknown() {
        true => "?".to_owned(),
        false => words.join(" "),
    }
}

impl Out {
    fn new(event: &Event<'_>, lineage: &Lineage) -> Self {
        let EventData::Summary(process) = event.data else {
            panic!("only processes come out, not {event:?}");
        };
        let image = process.image;
        Self {
            time: event.time,
            boot_ns: event.boot_ns,
            process: process.process,
            parent: process.parent,
            creator: process.creator,
            comm: text(process.comm),
            parent_comm: process.parent_comm.map(text),
            ids: (
                process.uid.unwrap_or(0),
                process.gid.unwrap_or(0),
                process.place.map_or(0, |place| place.unified_id),
            ),
            filename: image.and_then(|image| image.filename).map(text),
            args: image.map(|image| words(&image.args)),
            execs: process.execs,
            exec_ns: process.exec_ns,
            exit: process.exit.map(|exit| Exit { comm: b"", ..exit }),
            ancestors: ancestors(lineage, process.process),
        }
    }

    fn cpu(&self) -> Cpu {
        self.exit
            .expect("it has ended")
            .cost
            .expect("it has costs")
            .cpu
    }

    fn max_rss(&self) -> Option<u64> {
        self.exit
            .expect("it has ended")
            .cost
            .expect("it has costs")
            .max_rss_bytes
    }
}

fn ancestors(lineage: &Lineage, process: ProcessId) -> Vec<ProcessId> {
    lineage
        .ancestors(process)
        .map(|ancestor| ancestor.process)
        .collect()
}

/// A table that is checked after each step, and what has come out of it.
#[derive(Debug)]
struct Table {
    lineage: Lineage,
    out: Vec<Out>,
    /// The time of the last event; each `then` is 1 ms after the one before.
    now: u64,
    check: fn(&Lineage),
}

impl Table {
    fn new(limits: Limits) -> Self {
        Self {
            lineage: Lineage::new(limits, true),
            out: Vec::new(),
            now: 0,
            check,
        }
    }

    /// With init, and a shell that init has started.
    fn with_shell(limits: Limits) -> Self {
        let mut table = Self::new(limits);
        table.then(running(INIT, id(0, 0), b"init", Argv::whole(b"/init\0")));
        table.then(running(SHELL, INIT, b"bash", Argv::whole(b"bash\0-l\0")));
        table
    }

    fn then(&mut self, data: EventData<'_>) -> &mut Self {
        self.now += MS;
        let out = &mut self.out;
        self.lineage
            .observe(&at(self.now, data), &mut |event, lineage| {
                out.push(Out::new(event, lineage));
            });
        (self.check)(&self.lineage);
        self
    }

    fn tick(&mut self, boot_ns: u64) -> &mut Self {
        let out = &mut self.out;
        self.lineage.tick(boot_ns, &mut |event, lineage| {
            out.push(Out::new(event, lineage));
        });
        (self.check)(&self.lineage);
        self
    }

    fn finish(&mut self) -> &mut Self {
        let out = &mut self.out;
        self.lineage.finish(&mut |event, lineage| {
            out.push(Out::new(event, lineage));
        });
        (self.check)(&self.lineage);
        self
    }

    fn fork_exec(&mut self, creator: ProcessId, process: ProcessId, comm: &[u8]) -> &mut Self {
        self.then(fork(creator, process))
            .then(EventData::Exec(exec(process, creator, comm, comm)))
    }

    /// Exit and final account.
    fn end(&mut self, process: ProcessId, parent: ProcessId) -> &mut Self {
        self.then(EventData::Exit(exit(process, parent)))
            .then(freed(process))
    }

    /// The one process that has come out.
    fn only(&self) -> &Out {
        assert_eq!(self.out.len(), 1, "{:?}", self.out);
        &self.out[0]
    }

    fn ancestors(&self, process: ProcessId) -> Vec<ProcessId> {
        ancestors(&self.lineage, process)
    }

    fn kept(&self, process: ProcessId) -> bool {
        self.lineage.entries.contains_key(&process)
    }
}

/// What is true after each step, whatever the events were.
fn check(lineage: &Lineage) {
    check_size(lineage);
    check_children(lineage);
    check_newest(lineage);
    check_images(lineage);
}

/// Everything is bounded by the limits.
fn check_size(lineage: &Lineage) {
    let most = lineage.limits.processes.max(1);
    assert!(lineage.entries.len() <= most);
    // Queues grow to twice the table and 1024 before they are swept; what is in the table can add
    // itself once more until the next sweep.
    let longest = 3 * most + 1024;
    assert!(lineage.by_age.len() <= longest, "by_age");
    assert!(lineage.dead.len() <= longest, "dead");
    assert!(lineage.waiting.len() <= longest, "waiting");
}

/// Each entry is counted where its parent link leads, and dead ones are kept for a descendant.
fn check_children(lineage: &Lineage) {
    let mut children = BTreeMap::new();
    for entry in lineage.entries.values() {
        *children.entry(entry.parent_link()).or_insert(0) += 1;
    }
    for (process, entry) in &lineage.entries {
        let counted = children.get(process).copied().unwrap_or(0);
        assert_eq!(entry.children, counted, "children of {process}");
        assert!(
            !entry.finished || counted > 0,
            "{process} is kept for nobody"
        );
        if entry.finished {
            assert!(lineage.dead.contains(process), "{process} is not in dead");
        } else if entry.end.is_some() {
            let waits = lineage.waiting.iter().any(|(_, waits)| waits == process);
            assert!(waits, "{process} will never be handed out");
        }
        assert!(lineage.by_age.contains(process), "{process} has no age");
    }
}

/// No pid is remembered for longer than its process.
fn check_newest(lineage: &Lineage) {
    for (&pid, &start_ns) in &lineage.newest {
        assert!(lineage.entries.contains_key(&id(pid, start_ns)));
    }
}

/// The account of images is that of those kept, each counted once by however many it is shared.
fn check_images(lineage: &Lineage) {
    let images: BTreeMap<_, _> = lineage
        .entries
        .values()
        .filter_map(|entry| entry.image.as_ref())
        .map(|image| (Arc::as_ptr(image), image.size()))
        .collect();
    assert_eq!(lineage.images.bytes(), images.values().sum::<usize>());
    assert!(lineage.images.bytes() <= lineage.limits.image_bytes);
}

/// A failed exec with no way back is what the process ends as; an ordinary failed exec is not.
#[test]
fn ends_as_what_did_not_begin() {
    let child = id(200, 2000);
    let failed = |fatal| {
        EventData::Exec(Exec {
            ret: -12,
            fatal,
            ..exec(child, SHELL, b"broken", b"./broken\0-x\0")
        })
    };
    let by_exec = EventData::Exit(Exit {
        by_exec: true,
        comm: b"broken",
        ..exit(child, SHELL)
    });
    for (before, args) in [
        (Some(failed(true)), Some("./broken -x")),
        (Some(failed(false)), None), // of an attempt before
        (None, None),
    ] {
        let mut table = Table::with_shell(Limits::default());
        table.fork_exec(SHELL, child, b"sh");
        before.into_iter().for_each(|failed| {
            table.then(failed);
        });
        table.then(by_exec).then(freed(child));
        let ended = table.only();
        assert_eq!(
            (ended.comm.as_str(), ended.args.as_deref()),
            ("broken", args)
        );
        assert_eq!(ended.execs, 1);
    }
    let mut table = Table::with_shell(Limits::default());
    table.fork_exec(SHELL, child, b"sh").then(failed(false));
    assert_eq!(table.end(child, SHELL).only().args.as_deref(), Some("sh"));
}

/// fork, exec, exit and final account make one process, with all that is known of it.
#[test]
fn an_ordinary_life() {
    let ls = id(200, 2000);
    let mut table = Table::with_shell(ROOMY);
    table.fork_exec(SHELL, ls, b"ls");
    let exec_ns = table.now;
    table.then(EventData::Exit(exit(ls, SHELL)));
    let exit_ns = table.now;
    assert!(table.out.is_empty(), "it waits for its final account");
    assert!(table.lineage.is_waiting());
    table.then(freed(ls));
    assert!(!table.lineage.is_waiting());

    let out = table.only();
    assert_eq!(out.cpu(), cpu(600, true));
    assert_eq!((out.process, out.parent), (ls, SHELL));
    assert_eq!(out.creator, Some(SHELL));
    assert_eq!((out.execs, out.exec_ns), (1, Some(exec_ns)));
    assert_eq!(out.filename.as_deref(), Some("ls"));
    assert_eq!(out.args.as_deref(), Some("ls"));
    assert_eq!(out.comm, "at exit");
    assert_eq!(out.parent_comm.as_deref(), Some("from exec"));
    assert_eq!(out.ids, (3000, 300, 9));
    assert_eq!(out.boot_ns, exit_ns);
    assert_eq!(out.time, at(exit_ns, freed(ls)).time);
    let end = out.exit.expect("it has ended");
    assert_eq!(end.status, Some(ExitStatus::Code(7)));
    assert_eq!(end.exec_ns, Some(exec_ns));
    assert_eq!(out.ancestors, [SHELL, INIT]);
    assert!(!table.kept(ls) && table.kept(SHELL));
}

/// Until it calls exec, a process is what its creator was: then, not later.
#[test]
fn a_fork_is_a_copy() {
    let child = id(200, 2000);
    let mut table = Table::with_shell(ROOMY);
    table
        .then(fork(SHELL, child))
        .then(EventData::Exec(exec(SHELL, INIT, b"zsh", b"zsh\0")))
        .finish();
    let [_, _, out] = &table.out[..] else {
        panic!("{:?}", table.out);
    };
    assert_eq!((out.process, out.execs, out.exec_ns), (child, 0, None));
    assert_eq!(out.args.as_deref(), Some("bash -l"));
    assert_eq!(out.comm, "bash");
    assert_eq!(out.ids, (1000, 100, 7));
    assert_eq!(out.parent_comm.as_deref(), Some("zsh"));
}

/// Of several execs the last one counts, and they are counted; those that failed are not.
#[test]
fn the_last_exec_counts() {
    let twice = id(200, 2000);
    let mut table = Table::with_shell(ROOMY);
    table
        .fork_exec(SHELL, twice, b"env")
        .then(EventData::Exec(exec(twice, SHELL, b"ls", b"ls\0-l\0")));
    let last = table.now;
    let failed = Exec {
        ret: -2,
        ..exec(twice, SHELL, b"no", b"no\0")
    };
    table.then(EventData::Exec(failed)).end(twice, SHELL);
    let out = table.only();
    assert_eq!((out.execs, out.exec_ns), (2, Some(last)));
    assert_eq!(out.args.as_deref(), Some("ls -l"));
}

/// An exit on its way through is told what its history tells, while its process is in the table.
#[test]
fn an_exit_is_completed() {
    let ls = id(200, 2000);
    let mut table = Table::with_shell(ROOMY);
    table.fork_exec(SHELL, ls, b"ls");
    let completed = table.lineage.complete(&exit(ls, SHELL));
    assert_eq!(completed.exec_ns, Some(table.now));
    assert_eq!(
        completed.cost.expect("it has costs").max_rss_bytes,
        Some(100)
    );
    let stranger = exit(id(300, 3000), SHELL);
    assert_eq!(table.lineage.complete(&stranger), stranger);
}

/// Peak memory is this image's when it is above what was there before exec, and else is left alone.
#[test]
fn peak_memory_before_exec_is_not_the_images() {
    for (before, said, expected) in [
        (Some(99), None, Some(100)),
        (Some(100), None, None),
        (Some(100), Some(42), Some(42)),
        (None, None, None),
        (None, Some(42), Some(42)),
    ] {
        let ls = id(200, 2000);
        let exec = Exec {
            cwd: None,
            env: None,
            redacted: Redacted::NOTHING,
            peak_before: before,
            ..exec(ls, SHELL, b"ls", b"ls\0")
        };
        let mut exit = exit(ls, SHELL);
        exit.cost.as_mut().expect("it has costs").max_rss_bytes = said;
        let mut table = Table::new(ROOMY);
        table.then(fork(SHELL, ls)).then(EventData::Exec(exec));
        table.then(EventData::Exit(exit)).then(freed(ls));
        assert_eq!(table.only().max_rss(), expected, "{before:?} {said:?}");
    }
}

/// All memory of a process that never called exec is its own, if its fork was seen.
#[test]
fn peak_memory_of_a_fork() {
    let (seen, unseen) = (id(200, 2000), id(300, 3000));
    let mut table = Table::with_shell(ROOMY);
    table.then(fork(SHELL, seen)).end(seen, SHELL);
    table.end(unseen, SHELL);
    assert_eq!(table.out[0].max_rss(), Some(100));
    assert_eq!(table.out[1].max_rss(), None);
}

/// A parent that is gone is still an ancestor, with its arguments, for as long as it is needed.
#[test]
fn ancestors_that_are_gone() {
    let (make, cc) = (id(200, 2000), id(300, 3000));
    let mut table = Table::with_shell(ROOMY);
    table.fork_exec(SHELL, make, b"make");
    table.fork_exec(make, cc, b"cc").end(make, SHELL);
    let mut cpp = exec(id(400, 4000), SHELL, b"cpp", b"cpp");
    cpp.parent_comm = b"bash";
    table.then(EventData::Exec(cpp));
    assert!(table.kept(make));
    assert!(
        !table.lineage.is_waiting(),
        "it is kept, but was handed out"
    );
    let list: Vec<_> = table.lineage.ancestors(cc).collect();
    assert_eq!(
        list,
        [
            Ancestor {
                process: make,
                comm: b"at exit",
                args: Some(Argv::whole(b"make")),
            },
            Ancestor {
                process: SHELL,
                comm: b"bash",
                args: Some(Argv::whole(b"bash\0-l\0")),
            },
            Ancestor {
                process: INIT,
                comm: b"init",
                args: Some(Argv::whole(b"/init\0")),
            },
        ]
    );
    table.end(cc, INIT);
    assert!(!table.kept(cc) && !table.kept(make));
}

/// Adoption changes the parent, and its name; the creator and the ancestors stay.
#[test]
fn adopted_by_init() {
    let (sh, daemon) = (id(200, 2000), id(300, 3000));
    let mut table = Table::with_shell(ROOMY);
    table.fork_exec(SHELL, sh, b"sh").then(fork(sh, daemon));
    table.end(sh, SHELL).end(daemon, INIT);
    let out = &table.out[1];
    assert_eq!((out.process, out.parent), (daemon, INIT));
    assert_eq!(out.creator, Some(sh));
    assert_eq!(out.parent_comm.as_deref(), Some("init"));
    assert_eq!(out.ancestors, [sh, SHELL, INIT]);
    assert_eq!(table.lineage.entries.len(), 2);
}

/// What was there before tracing keeps its first parent as an ancestor, whichever process adopts
/// it.
#[test]
fn adopted_and_never_seen_to_be_created() {
    let daemon = id(200, 2000);
    let mut table = Table::with_shell(ROOMY);
    table.then(running(daemon, SHELL, b"d", Argv::UNKNOWN));
    table.end(SHELL, INIT);
    table.then(EventData::Exec(exec(daemon, INIT, b"d2", b"d2\0")));
    assert_eq!(table.ancestors(daemon), [SHELL, INIT]);
    table.end(daemon, INIT);
    assert_eq!(table.out[1].parent, INIT);
    assert!(!table.kept(SHELL), "nobody needs it any more");
}

/// The processes there are at the beginning come in any order: a child before its parent too.
#[test]
fn a_parent_that_comes_after_its_child() {
    let child = id(90, 2000);
    let mut table = Table::new(ROOMY);
    table.then(running(child, SHELL, b"c", Argv::UNKNOWN));
    table.then(running(SHELL, INIT, b"bash", Argv::UNKNOWN));
    table.end(SHELL, INIT);
    assert_eq!(table.ancestors(child), [SHELL]);
    table.end(child, INIT);
    assert!(table.lineage.entries.is_empty());
}

/// A fork that comes after its exec says who the creator was, and nothing else.
#[test]
fn a_fork_that_comes_late() {
    let (sh, ls) = (id(200, 2000), id(300, 3000));
    let mut table = Table::with_shell(ROOMY);
    table
        .fork_exec(SHELL, sh, b"sh")
        .then(EventData::Exec(exec(ls, INIT, b"ls", b"ls\0")))
        .then(fork(sh, ls))
        .end(sh, SHELL);
    assert_eq!(table.ancestors(ls), [sh, SHELL, INIT]);
    table.end(ls, INIT);
    let out = &table.out[1];
    assert_eq!((out.parent, out.creator), (INIT, Some(sh)));
    assert_eq!(out.args.as_deref(), Some("ls"));
    assert_eq!((out.execs, out.max_rss()), (1, Some(100)));
    assert_eq!(table.lineage.entries.len(), 2);
}

/// A fork after the creator's exec of this number.
fn numbered_fork(creator: ProcessId, process: ProcessId, number: u32) -> EventData<'static> {
    let EventData::Fork(plain) = fork(creator, process) else {
        unreachable!("it is a fork")
    };
    EventData::Fork(Fork {
        exec_number: NonZeroU32::new(number),
        ..plain
    })
}

fn numbered_exec(process: ProcessId, number: u32) -> EventData<'static> {
    EventData::Exec(Exec {
        exec_number: NonZeroU32::new(number),
        ..exec(process, SHELL, b"ls", b"ls")
    })
}

/// Whether or not its exec was seen: a process that ends has as many execs as it called, and the
/// arguments of the last one or none.
#[test]
fn execs_that_are_lost() {
    let ls = id(200, 2000);
    let seen = [(false, None), (true, Some("ls"))];
    for (first, (second, args)) in [false, true]
        .into_iter()
        .flat_map(|it| seen.map(|s| (it, s)))
    {
        let numbers = [7, 8, 9];
        let mut table = Table::with_shell(ROOMY);
        table.then(numbered_fork(SHELL, ls, numbers[0]));
        if first {
            table.then(numbered_exec(ls, numbers[1]));
        }
        if second {
            table.then(numbered_exec(ls, numbers[2]));
        }
        let mut end = exit(ls, SHELL);
        end.exec_number = NonZeroU32::new(numbers[2]);
        assert_eq!(table.lineage.complete(&end).exec_ns.is_some(), second);
        table.then(EventData::Exit(end)).then(freed(ls));
        let out = table.only();
        assert_eq!(
            (out.args.as_deref(), out.execs),
            (args, 2),
            "{first} {second}"
        );
        assert_eq!(out.exec_ns.is_some(), second);
        assert_eq!(out.exit.expect("it has ended").exec_ns, out.exec_ns);
    }
}

/// An exec of the creator that was lost: neither it nor the child has the arguments from before.
#[test]
fn a_fork_after_a_lost_exec() {
    let (make, cc) = (id(200, 2000), id(300, 3000));
    let mut table = Table::with_shell(ROOMY);
    table.then(numbered_fork(SHELL, make, 3));
    table.then(numbered_fork(make, cc, 4));
    let creator = table.lineage.ancestors(cc).next().expect("make");
    assert_eq!((creator.process, creator.args), (make, None));
    table.end(cc, make);
    assert_eq!(
        (table.only().args.as_deref(), table.only().execs),
        (None, 0)
    );
}

/// The creator's name is not given to the process that adopted it.
#[test]
fn an_unknown_parent_has_no_name() {
    let (reaper, ls) = (id(50, 500), id(200, 2000));
    let mut table = Table::with_shell(ROOMY);
    table.fork_exec(SHELL, ls, b"ls").end(ls, reaper);
    assert_eq!(table.only().parent, reaper);
    assert_eq!(table.only().parent_comm, None);
}

/// A parent that is not in the table has the name that came with the exec.
#[test]
fn a_parents_name_from_exec() {
    let ls = id(200, 2000);
    let mut table = Table::new(ROOMY);
    table.fork_exec(SHELL, ls, b"ls").end(ls, SHELL);
    assert_eq!(table.only().parent_comm.as_deref(), Some("from exec"));
}

/// A process that has changed its name has the new one, as a parent and as an ancestor, once an
/// exec of its child has told it: also one that failed.
#[test]
fn a_parent_that_is_renamed() {
    let ls = id(200, 2000);
    for ret in [0, -2] {
        let mut table = Table::with_shell(ROOMY);
        let mut renamed = exec(ls, SHELL, b"ls", b"ls");
        renamed.parent_comm = b"renamed";
        renamed.ret = ret;
        table.then(fork(SHELL, ls)).then(EventData::Exec(renamed));
        let nearest = table.lineage.ancestors(ls).next().expect("the shell");
        assert_eq!((nearest.process, nearest.comm), (SHELL, &b"renamed"[..]));
        table.end(ls, SHELL);
        assert_eq!(table.only().parent_comm.as_deref(), Some("renamed"));
    }
}

/// Without a final account within half a second, and not earlier, the estimate has to do.
#[test]
fn no_final_account() {
    let ls = id(200, 2000);
    let mut table = Table::with_shell(ROOMY);
    table.then(fork(SHELL, ls));
    table.then(EventData::Exit(exit(ls, SHELL)));
    let due = table.now + FINAL_ACCOUNT_NS;
    table.tick(due - 1);
    assert!(table.out.is_empty());
    table.tick(due);
    assert_eq!(table.only().cpu(), cpu(500, false));
    assert_eq!(table.only().boot_ns, due - FINAL_ACCOUNT_NS);
    assert!(!table.kept(ls));
}

/// A final account that comes in time is used, and after that nothing is due.
#[test]
fn a_final_account_in_time() {
    let ls = id(200, 2000);
    let mut table = Table::with_shell(ROOMY);
    table.then(fork(SHELL, ls));
    table.then(EventData::Exit(exit(ls, SHELL)));
    let due = table.now + FINAL_ACCOUNT_NS;
    table.tick(due - 1).then(freed(ls)).tick(due).tick(due);
    assert_eq!(table.only().cpu(), cpu(600, true));
}

/// A source that sends no final accounts is not waited for.
#[test]
fn no_final_accounts_at_all() {
    let ls = id(200, 2000);
    let mut table = Table::with_shell(ROOMY);
    table.lineage.final_accounts = false;
    table.then(fork(SHELL, ls));
    table.then(EventData::Exit(exit(ls, SHELL)));
    assert_eq!(table.only().cpu(), cpu(500, false));
    assert!(!table.lineage.is_waiting());
}

/// However often its end is told, a process comes out once: gone from the table or kept in it.
#[test]
fn once_for_each_life() {
    for has_child in [false, true] {
        let sh = id(200, 2000);
        let mut table = Table::with_shell(ROOMY);
        table.then(fork(SHELL, sh));
        if has_child {
            table.then(fork(sh, id(300, 3000)));
        }
        table.then(EventData::Exit(exit(sh, SHELL)));
        table.then(EventData::Exit(exit(sh, INIT)));
        let due = table.now + FINAL_ACCOUNT_NS;
        table.tick(due).tick(due).then(freed(sh)).then(freed(sh));
        if has_child {
            table.then(EventData::Exit(exit(sh, INIT))).then(freed(sh));
        }
        assert_eq!(table.only().parent, SHELL, "the first exit holds");
        assert_eq!(table.kept(sh), has_child);
        assert_eq!(table.lineage.evicted(), Evicted::default());
        table.finish();
        let again = table.out.iter().filter(|out| out.process == sh);
        assert_eq!(again.count(), 1);
    }
}

/// When a pid comes back, its old process is over though its end was not seen; the new one starts
/// with nothing of the old one's.
#[test]
fn a_pid_reused() {
    let (old, new) = (id(200, 2000), id(200, 3000));
    let mut table = Table::with_shell(ROOMY);
    table.fork_exec(SHELL, old, b"old").then(fork(SHELL, new));
    assert_eq!(table.lineage.evicted().ends, 1);
    assert!(!table.kept(old));
    table.end(new, SHELL);
    let out = table.only();
    assert_eq!((out.process, out.execs, out.exec_ns), (new, 0, None));
    assert_eq!(out.args.as_deref(), Some("bash -l"));
    table.finish();
    assert_eq!(table.out.len(), 3, "the new one, then init and the shell");
    assert_eq!(table.lineage.evicted().ends, 1);
}

/// When a pid comes back before its old process was handed out, neither is lost.
#[test]
fn a_pid_reused_while_the_end_waits() {
    let (old, new) = (id(200, 2000), id(200, 3000));
    let mut table = Table::with_shell(ROOMY);
    table.fork_exec(SHELL, old, b"old");
    table
        .then(EventData::Exit(exit(old, SHELL)))
        .then(fork(SHELL, new));
    table.then(freed(old)).end(new, SHELL);
    let came: Vec<_> = table
        .out
        .iter()
        .map(|out| (out.process, out.execs))
        .collect();
    assert_eq!(came, [(old, 1), (new, 0)]);
    assert_eq!(table.lineage.evicted(), Evicted::default());
}

/// A process whose pid came back is still an ancestor, by its start time; its end is lost once.
#[test]
fn a_pid_reused_below_a_living_child() {
    let (old, child, new) = (id(200, 2000), id(300, 3000), id(200, 4000));
    let mut table = Table::with_shell(ROOMY);
    table.then(fork(SHELL, old)).then(fork(old, child));
    table
        .then(fork(child, new))
        .then(freed(old))
        .then(freed(old));
    assert_eq!(table.ancestors(new), [child, old, SHELL, INIT]);
    assert_eq!(table.lineage.evicted().ends, 1);
    table.end(new, child).end(child, INIT);
    assert!(!table.kept(old));
}

/// Events of an old process that come after its pid was reused do not take the pid from the new
/// one.
#[test]
fn an_older_process_comes_late() {
    let (old, new) = (id(200, 2000), id(200, 3000));
    let mut table = Table::with_shell(ROOMY);
    table.then(fork(SHELL, new)).end(old, SHELL);
    assert_eq!(table.only().process, old);
    assert_eq!(table.lineage.evicted().ends, 0);
    table.then(fork(SHELL, id(200, 4000)));
    assert_eq!(table.lineage.evicted().ends, 1);
    assert!(!table.kept(new), "it is still known to be the one before");
}

/// Of an exit alone comes a process of which the rest is not known.
#[test]
fn an_exit_alone() {
    let ls = id(200, 2000);
    let mut table = Table::with_shell(ROOMY);
    table.end(ls, SHELL);
    let out = table.only();
    assert_eq!((out.creator, out.parent), (None, SHELL));
    assert_eq!((out.execs, out.exec_ns, &out.args), (0, None, &None));
    assert_eq!(out.cpu(), cpu(600, true));
    assert_eq!(out.ancestors, [SHELL, INIT]);
}

/// An exec without its fork makes the process known; who created it is not.
#[test]
fn an_exec_without_a_fork() {
    let ls = id(200, 2000);
    let mut table = Table::with_shell(ROOMY);
    table.then(EventData::Exec(exec(ls, SHELL, b"ls", b"ls\0")));
    assert_eq!(table.ancestors(ls), [SHELL, INIT]);
    table.end(ls, SHELL);
    let out = table.only();
    assert_eq!((out.creator, out.execs), (None, 1));
}

/// A final account without an exit ends the process; with neither, it changes nothing.
#[test]
fn a_final_account_alone() {
    let (ls, stranger) = (id(200, 2000), id(300, 3000));
    let mut table = Table::with_shell(ROOMY);
    table.then(fork(SHELL, ls)).then(freed(ls));
    assert!(table.out.is_empty() && !table.kept(ls));
    assert_eq!(table.lineage.evicted().ends, 1);
    table.then(freed(stranger));
    assert!(!table.kept(stranger));
    assert_eq!(table.lineage.evicted().ends, 1);
}

/// What is running is taken note of only where events have told nothing.
#[test]
fn events_know_better_than_the_list_of_the_running() {
    let ls = id(200, 2000);
    let mut table = Table::with_shell(ROOMY);
    table.fork_exec(SHELL, ls, b"ls");
    table.then(running(ls, INIT, b"late", Argv::whole(b"late\0")));
    table.end(ls, SHELL);
    let out = table.only();
    assert_eq!((out.creator, out.execs), (Some(SHELL), 1));
    assert_eq!(out.args.as_deref(), Some("ls"));
}

/// At the end come those that wait, with an estimate, then the living by the time of their start.
#[test]
fn finish_hands_out_all() {
    let (young, old, ended) = (id(20, 4000), id(400, 2000), id(300, 3000));
    let mut table = Table::with_shell(ROOMY);
    for process in [young, ended, old] {
        table.then(fork(SHELL, process));
    }
    table.then(EventData::Exit(exit(ended, SHELL)));
    let now = table.now;
    table.finish().finish();
    let order: Vec<_> = table.out.iter().map(|out| out.process).collect();
    assert_eq!(order, [ended, INIT, SHELL, old, young]);
    assert_eq!(table.out[0].cpu(), cpu(500, false));
    for living in &table.out[1..] {
        assert_eq!(living.exit, None);
        assert_eq!(living.boot_ns, now);
    }
    assert_eq!(table.out[4].ancestors, [SHELL, INIT]);
    assert!(table.lineage.entries.is_empty());
}

/// Beyond the limit the oldest of the living fall out, and are counted.
#[test]
fn too_many_living() {
    let mut table = Table::new(Limits {
        processes: 3,
        ..ROOMY
    });
    for pid in 1..=5 {
        table.then(fork(id(90, 9), id(pid, u64::from(pid) * 100)));
    }
    assert_eq!(table.lineage.evicted().processes, 2);
    table.finish();
    let left: Vec<_> = table.out.iter().map(|out| out.process.pid).collect();
    assert_eq!(left, [3, 4, 5]);
}

/// Beyond the limit the dead go first, and of them the first to have ended.
#[test]
fn the_dead_fall_out_first() {
    let (first, second, child) = (id(200, 2000), id(300, 3000), id(400, 4000));
    let mut table = Table::with_shell(Limits {
        processes: 5,
        ..ROOMY
    });
    table.then(fork(SHELL, first)).then(fork(first, second));
    table.then(fork(second, child));
    table.end(second, INIT).end(first, SHELL);
    table.then(fork(SHELL, id(500, 5000)));
    assert_eq!(table.lineage.evicted().processes, 1);
    assert!(table.kept(INIT) && table.kept(SHELL) && table.kept(child));
    assert!(!table.kept(second), "it ended first");
    assert!(!table.kept(first), "it was only kept for the second");
    assert_eq!(table.ancestors(child), []);
}

/// What waits for its final account and falls out comes out with an estimate, once.
#[test]
fn what_waits_and_falls_out_is_not_lost() {
    let ls = id(200, 2000);
    let mut table = Table::new(Limits {
        processes: 1,
        ..ROOMY
    });
    table.then(fork(SHELL, ls));
    table.then(EventData::Exit(exit(ls, SHELL)));
    table.then(fork(SHELL, id(300, 3000)));
    assert_eq!(table.only().cpu(), cpu(500, false));
    table.then(freed(ls)).tick(u64::MAX);
    assert_eq!(table.out.len(), 1);
}

/// Where there is no room, the user who has most loses the arguments of the oldest process: first
/// of those that are dead, which are only ancestors.
#[test]
fn too_many_bytes_of_arguments() {
    let [other, parent, child, ..] = [2, 3, 4, 5, 6].map(|pid| id(pid, u64::from(pid)));
    let long = [b'x'; 500];
    let mut table = Table::new(Limits {
        image_bytes: 3000,
        ..ROOMY
    });
    let run = |process, above| EventData::Exec(exec(process, above, b"one", &long));
    table.then(run(other, SHELL)).then(run(parent, SHELL));
    table.then(fork(parent, child)).then(run(child, parent));
    let mut end = exit(parent, SHELL);
    end.uid = Some(2000); // as the others
    table.then(EventData::Exit(end)).then(freed(parent));
    table.then(run(id(5, 5), SHELL));
    assert_eq!(table.lineage.evicted().arguments, 0);
    table.then(run(id(6, 6), SHELL));
    assert_eq!(table.lineage.evicted().arguments, 1);
    let ancestor = table.lineage.ancestors(child).next().expect("it is kept");
    assert_eq!((ancestor.process, ancestor.args), (parent, None));
    table.finish();
    assert_eq!(table.out.len(), 5);
    for out in &table.out {
        assert_eq!(out.args.as_ref().map(String::len), Some(500), "{out:?}");
    }
}

/// A user who fills the memory takes nothing away from another one, with dead processes or living
/// ones, in one process or many.
#[test]
fn a_greedy_user() {
    let mut table = Table::new(Limits {
        image_bytes: 20_000,
        ..ROOMY
    });
    let victim = id(50, 50);
    table.then(EventData::Exec(exec(victim, SHELL, b"victim", b"victim\0")));
    for pid in 100..500 {
        let greedy = id(pid, u64::from(pid));
        let long = vec![b'x'; 6000 * usize::from(pid % 2 == 0) + 500];
        let mut run = exec(greedy, id(pid - 1, u64::from(pid) - 1), b"greedy", &long);
        run.uid = Some(1234);
        table.then(EventData::Exec(run));
        let mut end = exit(greedy, INIT);
        end.uid = Some(1234);
        if pid % 3 == 0 {
            table.then(EventData::Exit(end)).then(freed(greedy));
        }
    }
    assert!(table.lineage.evicted().arguments > 100);
    let later = id(51, 1000);
    table.then(EventData::Exec(exec(later, SHELL, b"victim", b"victim\0")));
    for process in [victim, later] {
        table.end(process, SHELL);
        let out = table.out.last().expect("it came out");
        assert_eq!(
            (out.process, out.args.as_deref()),
            (process, Some("victim"))
        );
    }
}

/// With no room at all there is no image, and nothing else suffers.
#[test]
fn no_room_for_images() {
    let ls = id(200, 2000);
    let mut table = Table::new(Limits {
        image_bytes: 0,
        ..ROOMY
    });
    table.fork_exec(SHELL, ls, b"ls").end(ls, SHELL);
    assert_eq!((table.only().execs, &table.only().args), (1, &None));
    assert_eq!(table.lineage.evicted().arguments, 1);
}

/// An image that forks share takes its room once, and gives it back with the last of them.
#[test]
fn a_shared_image_is_counted_once() {
    let child = id(200, 2000);
    let mut table = Table::new(ROOMY);
    table.then(running(SHELL, INIT, b"bash", Argv::whole(b"bash\0")));
    let one = table.lineage.images.bytes();
    assert!(one > 0);
    table.then(fork(SHELL, child)).end(SHELL, INIT);
    assert_eq!(table.lineage.images.bytes(), one);
    table.end(child, INIT);
    assert_eq!(table.lineage.images.bytes(), 0);
}

/// Ends that come twice, without ticks, and lives told again and again let nothing grow.
#[test]
fn repetition_does_not_fill_the_queues() {
    let (sh, ls) = (id(200, 2000), id(300, 3000));
    let mut table = Table::with_shell(Limits {
        processes: 10,
        ..ROOMY
    });
    table.then(fork(SHELL, sh)).then(fork(sh, id(400, 4000)));
    for _ in 0..5000 {
        table.then(freed(sh)).end(ls, SHELL);
    }
    assert_eq!(table.lineage.evicted().ends, 1);
}

/// Ancestors end, even if events say that a process is its own ancestor.
#[test]
fn a_circle_of_ancestors() {
    let (one, two) = (id(1, 1), id(2, 2));
    let mut table = Table::new(ROOMY);
    table.then(fork(two, one)).then(fork(one, two));
    assert_eq!(table.ancestors(one).len(), MAX_ANCESTORS);
    table.end(one, two).end(two, one).finish();
    assert_eq!(table.out.len(), 2);
}

/// Something that happens to a table; the processes are numbers in `pool`.
#[derive(Debug, Clone, Copy)]
enum Step {
    Existing(Index, Index),
    Fork(Index, Index),
    Exec(Index, Index, u8),
    Exit(Index, Index),
    FinalUsage(Index),
    Tick(u16),
}

fn any_step() -> impl Strategy<Value = Step> {
    let one = any::<Index>;
    prop_oneof![
        1 => (one(), one()).prop_map(|(process, parent)| Step::Existing(process, parent)),
        4 => (one(), one()).prop_map(|(process, creator)| Step::Fork(process, creator)),
        3 => (one(), one(), 0..200u8).prop_map(|(a, b, length)| Step::Exec(a, b, length)),
        3 => (one(), one()).prop_map(|(process, parent)| Step::Exit(process, parent)),
        3 => one().prop_map(Step::FinalUsage),
        1 => (0..400u16).prop_map(Step::Tick),
    ]
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let (few, many) = (1..12usize, Just(1000usize));
    (prop_oneof![few, many], 0..3000usize).prop_map(|(processes, image_bytes)| Limits {
        processes,
        image_bytes,
    })
}

/// Processes to choose from, in the order of their start: four pids, each used five times.
fn pool() -> Vec<ProcessId> {
    (0..20)
        .map(|number: u32| id(1 + number % 4, 10 + u64::from(number)))
        .collect()
}

/// Events of any kind in any order, and what came out of them.
struct Chaos {
    pool: Vec<ProcessId>,
    /// A parent started before its child.
    causal: bool,
    table: Table,
    /// Handed out, and no event since by which the process could have come back.
    handed_out: HashSet<ProcessId>,
}

impl Chaos {
    fn new(limits: Limits, causal: bool) -> Self {
        Self {
            pool: pool(),
            causal,
            table: Table::new(limits),
            handed_out: HashSet::new(),
        }
    }

    fn pair(&self, process: Index, above: Index) -> (ProcessId, ProcessId) {
        let place = process.index(self.pool.len());
        let above = match (self.causal, place) {
            (true, 0) => id(0, 0),
            (true, _) => self.pool[above.index(place)],
            (false, _) => self.pool[above.index(self.pool.len())],
        };
        (self.pool[place], above)
    }

    fn step(&mut self, step: Step) {
        let args = [b'a'; 200];
        let (process, above) = match step {
            Step::Tick(ms) => {
                self.table.now += u64::from(ms) * MS;
                let now = self.table.now;
                self.table.tick(now);
                return self.take_out();
            }
            Step::FinalUsage(process) => (self.pool[process.index(self.pool.len())], id(0, 0)),
            Step::Existing(process, above)
            | Step::Fork(process, above)
            | Step::Exec(process, above, _)
            | Step::Exit(process, above) => self.pair(process, above),
        };
        let data = match step {
            Step::Tick(_) | Step::FinalUsage(_) => freed(process),
            Step::Existing(..) => running(process, above, b"run", Argv::whole(&args[..20])),
            Step::Fork(..) => fork(above, process),
            Step::Exec(_, _, length) => {
                let args = &args[..usize::from(length)];
                EventData::Exec(exec(process, above, b"exec", args))
            }
            Step::Exit(..) => EventData::Exit(exit(process, above)),
        };
        let comes_back = !matches!(step, Step::FinalUsage(_)) && !self.table.kept(process);
        if comes_back {
            self.handed_out.remove(&process);
        }
        self.table.then(data);
        self.take_out();
    }

    /// No process comes out twice, unless an event has brought it back after it was evicted.
    fn take_out(&mut self) {
        for out in self.table.out.drain(..) {
            let process = out.process;
            assert!(self.handed_out.insert(process), "{process} again");
            assert!(out.ancestors.len() <= MAX_ANCESTORS);
        }
    }

    fn finish(&mut self) {
        self.table.finish();
        self.take_out();
        let lineage = &self.table.lineage;
        assert!(lineage.entries.values().all(|entry| entry.finished));
        if self.causal {
            assert!(lineage.entries.is_empty(), "nobody is left to be kept for");
            assert_eq!((lineage.images.bytes(), lineage.newest.len()), (0, 0));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any events in any order leave the table consistent and bounded, no process comes out twice,
    /// and at the end all are handed out.
    #[test]
    fn any_events(
        steps in prop::collection::vec(any_step(), 0..150),
        limits in any_limits(),
        causal in prop::bool::weighted(0.8), // circles take long to walk
    ) {
        let mut chaos = Chaos::new(limits, causal);
        for step in steps {
            chaos.step(step);
        }
        for &process in &chaos.pool {
            assert!(chaos.table.ancestors(process).len() <= MAX_ANCESTORS);
        }
        chaos.finish();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    /// The same when what happens happens again and again: nothing grows by it.
    #[test]
    fn any_events_repeated(
        steps in prop::collection::vec(any_step(), 1..12),
        limits in any_limits(),
        causal in prop::bool::weighted(0.8), // circles take long to walk
    ) {
        let mut chaos = Chaos::new(limits, causal);
        chaos.table.check = check_size; // the rest at the end, for the sake of time
        for _ in 0..400 {
            for &step in &steps {
                chaos.step(step);
            }
        }
        check(&chaos.table.lineage);
        chaos.finish();
    }
}

/// What arrived of one life.
#[derive(Debug, Clone)]
struct Life {
    /// Which of the lives before it created it.
    creator: Index,
    pid: u32,
    fork: bool,
    /// An exec for each, and whether it arrived.
    execs: Vec<bool>,
    exit: bool,
    freed: bool,
}

fn any_life() -> impl Strategy<Value = Life> {
    let seen = || prop::bool::weighted(0.75);
    let execs = prop::collection::vec(seen(), 0..3);
    (any::<Index>(), 1..6u32, seen(), execs, seen(), seen()).prop_map(
        |(creator, pid, fork, execs, exit, freed)| Life {
            creator,
            pid,
            fork,
            execs,
            exit,
            freed,
        },
    )
}

impl Life {
    /// How many execs arrived.
    fn seen_execs(&self) -> u32 {
        self.execs.iter().map(|&seen| u32::from(seen)).sum()
    }

    /// Whether anything arrived that makes the process known.
    fn known(&self) -> bool {
        self.fork || self.exit || self.seen_execs() > 0
    }

    /// What arrived, in order.
    fn events(&self, process: ProcessId, creator: ProcessId) -> Vec<EventData<'static>> {
        let fork = self.fork.then(|| fork(creator, process));
        let execs = self.execs.iter().filter(|&&seen| seen);
        let execs = execs.map(|_| EventData::Exec(exec(process, creator, b"x", b"x\0")));
        let exit = self.exit.then(|| EventData::Exit(exit(process, creator)));
        let freed = self.freed.then(|| freed(process));
        let all = fork.into_iter().chain(execs).chain(exit).chain(freed);
        all.collect()
    }
}

/// Lives on few pids, mixed: on one pid each follows the other, and what belongs to different pids
/// comes in the order of `schedule`. Whatever the schedule leaves over comes at the end.
struct World {
    /// Each life and its creator.
    lives: Vec<(ProcessId, ProcessId, Life)>,
    queues: BTreeMap<u32, VecDeque<EventData<'static>>>,
}

impl World {
    fn new(lives: Vec<Life>) -> Self {
        let mut world = Self {
            lives: Vec::new(),
            queues: BTreeMap::new(),
        };
        for (life, number) in lives.into_iter().zip(1u64..) {
            let process = id(life.pid, number * 100);
            let creator = match world.lives.len() {
                0 => INIT,
                before => world.lives[life.creator.index(before)].0,
            };
            let queue = world.queues.entry(life.pid).or_default();
            queue.extend(life.events(process, creator));
            world.lives.push((process, creator, life));
        }
        world
    }

    fn play(&mut self, schedule: &[(Index, bool)], table: &mut Table) {
        for (choice, tick) in schedule {
            let choice = choice.index(self.queues.len());
            let queue = self.queues.values_mut().nth(choice);
            if let Some(data) = queue.and_then(VecDeque::pop_front) {
                step_exactly(table, data);
            }
            if *tick {
                table.now += 100 * MS;
                let (now, before) = (table.now, table.out.len());
                table.tick(now);
                assert!(table.out[before..].iter().all(|out| !out.cpu().exact));
            }
        }
        for data in self.queues.values_mut().flatten() {
            step_exactly(table, *data);
        }
    }
}

/// Only a final account brings out a process at once, its own, and then its CPU time is exact.
fn step_exactly(table: &mut Table, data: EventData<'_>) {
    let before = table.out.len();
    table.then(data);
    match (data, &table.out[before..]) {
        (_, []) => {}
        (EventData::FinalUsage(freed), [out]) => {
            assert_eq!((out.process, out.cpu()), (freed.process, freed.cpu));
        }
        (_, out) => panic!("{data:?} brought out {out:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// While the events of one pid come in order, whatever else is mixed in or lost, each process
    /// that was heard of comes out once, or its end is counted as forgotten; each exit that arrived
    /// comes out; only the last one on a pid can still live; and what comes out says no more and no
    /// less than what arrived.
    #[test]
    fn every_life_is_accounted_for(
        lives in prop::collection::vec(any_life(), 1..30),
        schedule in prop::collection::vec((any::<Index>(), prop::bool::weighted(0.1)), 0..150),
    ) {
        let mut table = Table::new(ROOMY);
        let mut world = World::new(lives);
        world.play(&schedule, &mut table);
        table.finish();

        let mut out: BTreeMap<ProcessId, Out> = BTreeMap::new();
        for came in &table.out {
            assert!(out.insert(came.process, came.clone()).is_none(), "{} again", came.process);
        }
        let known = world.lives.iter().filter(|(_, _, life)| life.known()).count();
        assert_eq!(out.len() as u64 + table.lineage.evicted().ends, known as u64);
        assert!(table.lineage.entries.is_empty());
        let last: BTreeMap<u32, ProcessId> = world
            .lives
            .iter()
            .filter(|(_, _, life)| life.known())
            .map(|&(process, ..)| (process.pid, process))
            .collect();
        for (process, creator, life) in &world.lives {
            let Some(out) = out.get(process) else {
                assert!(!life.exit, "the exit of {process} is gone");
                continue;
            };
            assert_eq!(out.exit.is_some(), life.exit);
            assert!(life.exit || last[&process.pid] == *process, "{process} cannot live");
            assert_eq!(out.execs, life.seen_execs());
            assert_eq!(out.creator, life.fork.then_some(*creator));
        }
    }

    /// As long as nothing falls out, the ancestors of a living process are all its creators whose
    /// forks were seen, however many of them have ended.
    #[test]
    fn ancestors_are_the_creators(
        lives in prop::collection::vec((any::<Index>(), any::<bool>()), 1..40),
    ) {
        let mut table = Table::new(ROOMY);
        table.then(running(INIT, id(0, 0), b"init", Argv::UNKNOWN));
        let mut chains = vec![vec![INIT]];
        let mut ended = BTreeSet::new();
        for ((creator, ends), number) in lives.into_iter().zip(2u32..) {
            let mut chain = chains[creator.index(chains.len())].clone();
            let (creator, process) = (chain[0], id(number, u64::from(number)));
            if ended.contains(&creator) {
                continue; // the dead do not fork
            }
            table.then(fork(creator, process));
            chain.insert(0, process);
            chains.push(chain);
            if ends && creator != INIT {
                table.end(creator, INIT);
                ended.insert(creator);
            }
        }
        for chain in &chains {
            if !ended.contains(&chain[0]) {
                assert_eq!(table.ancestors(chain[0]), &chain[1..]);
            }
        }
    }
}

/// Lives by the million. What comes out is only counted, and the table is looked at now and then.
struct Crowd {
    lineage: Lineage,
    lives: u64,
    out: u64,
    now: u64,
}

impl Crowd {
    fn new(limits: Limits) -> Self {
        let mut crowd = Self {
            lineage: Lineage::new(limits, true),
            lives: 0,
            out: 0,
            now: 0,
        };
        crowd.then(running(SHELL, INIT, b"bash", Argv::whole(b"bash\0")));
        crowd
    }

    fn then(&mut self, data: EventData<'_>) {
        self.now += 1000;
        let out = &mut self.out;
        let event = Event {
            time: Timestamp::UNIX_EPOCH,
            boot_ns: self.now,
            data,
        };
        self.lineage.observe(&event, &mut |_, _| *out += 1);
    }

    /// A process that has never been, on one of 30,000 pids.
    fn next(&mut self) -> ProcessId {
        self.lives += 1;
        if self.lives.is_multiple_of(1000) {
            let (now, out) = (self.now, &mut self.out);
            self.lineage.tick(now, &mut |_, _| *out += 1);
            check_size(&self.lineage);
        }
        let pid = u32::try_from(1000 + self.lives % 30_000).expect("small");
        id(pid, 1_000_000 + self.lives)
    }

    fn begin(&mut self, creator: ProcessId) -> ProcessId {
        let process = self.next();
        self.then(fork(creator, process));
        self.then(EventData::Exec(exec(process, creator, b"ls", b"ls\0-l\0")));
        process
    }

    fn end(&mut self, process: ProcessId, parent: ProcessId) {
        self.then(EventData::Exit(exit(process, parent)));
        self.then(freed(process));
    }

    /// fork, exec, exit; and one without exec, as subshells are.
    fn ordinary(&mut self) {
        let process = self.begin(SHELL);
        self.end(process, SHELL);
        let subshell = self.next();
        self.then(fork(SHELL, subshell));
        self.end(subshell, SHELL);
    }

    /// A child that forks the daemon and is gone before it.
    fn double_fork(&mut self) {
        let child = self.next();
        self.then(fork(SHELL, child));
        let daemon = self.begin(child);
        self.end(child, SHELL);
        self.end(daemon, INIT);
    }

    /// A daemon that replaces itself by its child, `times` over.
    fn respawn(&mut self, times: u32) -> ProcessId {
        let mut daemon = self.begin(SHELL);
        for _ in 1..times {
            let next = self.begin(daemon);
            self.end(daemon, INIT);
            daemon = next;
        }
        daemon
    }
}

/// Two million lives, some of them double forks and long chains, leave nothing behind.
#[test]
fn two_million_lives() {
    let mut crowd = Crowd::new(Limits::default());
    while crowd.lives < 2_000_000 {
        for _ in 0..500 {
            crowd.ordinary();
        }
        crowd.double_fork();
        let last = crowd.respawn(100);
        assert_eq!(crowd.lineage.ancestors(last).count(), 100);
        crowd.end(last, INIT);
    }
    assert_eq!(crowd.out, crowd.lives);
    assert_eq!(crowd.lineage.evicted(), Evicted::default());
    assert_eq!(crowd.lineage.entries.len(), 1, "the shell");
    check(&crowd.lineage);
}

/// Chains that never end, and lives whose end is never seen, fill the table and no more: what falls
/// out is counted, to the last one.
#[test]
fn chains_and_losses_stay_within_the_limits() {
    let limits = Limits {
        processes: 1000,
        image_bytes: 50_000,
    };
    let mut crowd = Crowd::new(limits);
    let last = crowd.respawn(100_000);
    check(&crowd.lineage);
    assert_eq!(crowd.lineage.entries.len(), 1000);
    assert_eq!(crowd.lineage.ancestors(last).count(), MAX_ANCESTORS);
    assert_eq!(crowd.out, 99_999);
    assert_eq!(crowd.lineage.evicted().processes, 100_001 - 1000);

    for _ in 0..20_000 {
        crowd.begin(SHELL);
    }
    check(&crowd.lineage);
    assert_eq!(crowd.lineage.entries.len(), 1000);
    assert_eq!(crowd.lineage.evicted().processes, 120_001 - 1000);
    assert!(crowd.lineage.evicted().arguments > 0);
    assert_eq!(crowd.lineage.evicted().ends, 0);
}

/// The memory that the default limits are said to take is what they take.
#[test]
fn default_limits_are_less_than_100_mb() {
    let Limits {
        processes,
        image_bytes,
    } = Limits::default();
    let slots = (processes * 8 / 7).next_power_of_two(); // a hash table is 7/8 full at most
    let tables = slots * (size_of::<(ProcessId, Entry)>() + size_of::<(u32, u64)>() + 2);
    let ends = processes * size_of::<End>();
    let queues = processes * 3 * (2 * size_of::<ProcessId>() + size_of::<(u64, ProcessId)>());
    let total = tables + ends + queues + image_bytes;
    assert!(total < 100_000_000, "{total}: {tables} {ends} {queues}");
}
