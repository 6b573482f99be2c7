//! Joins the execs of a PATH search into one event.
//!
//! A program that searches PATH calls exec for each directory until one call succeeds. Seven times
//! ENOENT and one success are one event for the reader. This is a state machine without I/O: execs
//! go in, and joined execs come out, each with its number of calls.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::argv::Argv;
use crate::event::Event;
use crate::event::EventData;
use crate::event::Exec;
use crate::event::Exit;
use crate::event::OwnedExec;
use crate::event::ProcessId;

/// The errors for a PATH directory without the program (execvp(3) continues after these): EACCES,
/// ENOENT, ENOTDIR.
const NOT_HERE: [i32; 3] = [-13, -2, -20];

/// The calls of a walk follow each other within microseconds; a walk without a call for this long
/// is over.
const PAUSE_NS: u64 = 100_000_000;

/// Receives events, each with the number of calls that were joined into it.
pub type FoldSink<'a> = dyn FnMut(&Event<'_>, u32) + 'a;

/// Joins the execs of a walk.
#[derive(Debug)]
pub struct Fold {
    walks: HashMap<Walker, Walk>,
    /// No walk is over before this.
    due_ns: u64,
}

impl Default for Fold {
    fn default() -> Self {
        Self {
            walks: HashMap::new(),
            due_ns: u64::MAX,
        }
    }
}

/// A thread of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Walker {
    process: ProcessId,
    tid: u32,
}

/// Failed calls with the same arguments; the last call is kept.
#[derive(Debug)]
struct Walk {
    tries: u32,
    time: Timestamp,
    boot_ns: u64,
    exec: OwnedExec,
}

impl Walk {
    fn new(event: &Event<'_>, exec: &Exec<'_>) -> Self {
        Self {
            tries: 1,
            time: event.time,
            boot_ns: event.boot_ns,
            exec: OwnedExec::new(exec),
        }
    }

    /// When it is over, unless it goes on.
    fn due_ns(&self) -> u64 {
        self.boot_ns.saturating_add(PAUSE_NS + 1)
    }

    fn hand_out(&self, sink: &mut FoldSink<'_>) {
        let event = Event {
            time: self.time,
            boot_ns: self.boot_ns,
            data: EventData::Exec(self.exec.lend()),
        };
        sink(&event, self.tries);
    }

    /// Whether a call goes on with this walk: the same arguments.
    fn goes_on_with(&self, exec: &Exec<'_>) -> bool {
        let image = self.exec.image();
        match exec.script {
            false => image.args.iter().eq(exec.args.iter()),
            true => ends_with(&exec.args, &image.args),
        }
    }
}

/// Whether a script's arguments, which begin with its interpreter's, end with those of its caller,
/// but for the caller's name for it.
fn ends_with(script: &Argv<'_>, called: &Argv<'_>) -> bool {
    let (count, wanted) = (
        script.iter().count(),
        called.iter().count().saturating_sub(1),
    );
    count >= wanted && script.iter().skip(count - wanted).eq(called.iter().skip(1))
}

impl Fold {
    /// Takes an event, and hands it out at once unless it may be part of a walk.
    pub fn observe(&mut self, event: &Event<'_>, sink: &mut FoldSink<'_>) {
        match &event.data {
            EventData::Exec(exec) if NOT_HERE.contains(&exec.ret) => self.failed(event, exec, sink),
            EventData::Exec(exec) => self.ended(event, exec, sink),
            EventData::Exit(Exit { process, .. }) | EventData::Gone(process) => {
                self.give_up(|walker, _| walker.process == *process, sink);
                sink(event, 1);
            }
            _ => sink(event, 1),
        }
    }

    /// Hands out the walks that ended without a success.
    pub fn tick(&mut self, boot_ns: u64, sink: &mut FoldSink<'_>) {
        if boot_ns < self.due_ns {
            return;
        }
        self.give_up(|_, walk| boot_ns >= walk.due_ns(), sink);
        let next = self.walks.values().map(Walk::due_ns).min();
        self.due_ns = next.unwrap_or(u64::MAX);
    }

    /// When [`tick`](Self::tick) may hand out something, and not before; `u64::MAX` for never.
    pub fn due_ns(&self) -> u64 {
        self.due_ns
    }

    /// Whether any walk may continue.
    pub fn is_waiting(&self) -> bool {
        !self.walks.is_empty()
    }

    /// Hands out all remaining walks.
    pub fn finish(&mut self, sink: &mut FoldSink<'_>) {
        self.give_up(|_, _| true, sink);
    }

    fn failed(&mut self, event: &Event<'_>, exec: &Exec<'_>, sink: &mut FoldSink<'_>) {
        let mut walk = Walk::new(event, exec);
        if let Some(before) = self.walks.remove(&walker(exec)) {
            match before.goes_on_with(exec) {
                true => walk.tries = before.tries.saturating_add(1),
                false => before.hand_out(sink),
            }
        }
        self.due_ns = self.due_ns.min(walk.due_ns());
        self.walks.insert(walker(exec), walk);
    }

    /// A success, or a failure that ends the search.
    fn ended(&mut self, event: &Event<'_>, exec: &Exec<'_>, sink: &mut FoldSink<'_>) {
        let mut tries = 1;
        if let Some(before) = self.walks.remove(&walker(exec)) {
            match before.goes_on_with(exec) {
                true => tries = before.tries.saturating_add(1),
                false => before.hand_out(sink),
            }
        }
        sink(event, tries);
    }

    fn give_up(&mut self, over: impl Fn(&Walker, &Walk) -> bool, sink: &mut FoldSink<'_>) {
        if self.walks.is_empty() {
            return;
        }
        let mut walks: Vec<(Walker, Walk)> = self
            .walks
            .extract_if(|walker, walk| over(walker, walk))
            .collect();
        walks.sort_by_key(|(walker, walk)| (walk.boot_ns, *walker));
        walks.iter().for_each(|(_, walk)| walk.hand_out(sink));
    }
}

fn walker(exec: &Exec<'_>) -> Walker {
    Walker {
        process: exec.process,
        tid: exec.tid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::CgroupRef;
    use crate::event::LoginSession;
    use crate::event::Redacted;

    fn exec<'a>(pid: u32, ret: i32, args: &'a [u8]) -> Exec<'a> {
        let process = ProcessId { pid, start_ns: 1 };
        Exec {
            process,
            tid: pid,
            parent: ProcessId {
                pid: 1,
                start_ns: 0,
            },
            comm: b"sh",
            parent_comm: b"init",
            uid: Some(0),
            euid: Some(0),
            gid: Some(0),
            egid: Some(0),
            session: LoginSession::default(),
            cpu: Some(0),
            ret,
            fatal: false,
            filename: Some(b"/bin/x"),
            exe: None,
            exe_root: None,
            script: false,
            secure: false,
            args: Argv::whole(args),
            place: Some(CgroupRef::unified(1)),
            ns_pid: Some(pid),
            pid_ns: Some(1),
            mnt_ns: Some(1),
            file: None,
            cwd: None,
            cwd_root: None,
            env: None,
            redacted: Redacted::NOTHING,
            peak_before: None,
            exec_number: None,
        }
    }

    fn at<'a>(boot_ns: u64, data: EventData<'a>) -> Event<'a> {
        Event {
            time: Timestamp::UNIX_EPOCH,
            boot_ns,
            data,
        }
    }

    /// What comes out of these execs, a millisecond apart, and then of the end: pid, ret, tries.
    fn folded(execs: &[Exec<'_>]) -> Vec<(u32, i32, u32)> {
        let mut fold = Fold::default();
        let mut out = Vec::new();
        let mut note = |event: &Event<'_>, tries| {
            if let EventData::Exec(exec) = &event.data {
                out.push((exec.process.pid, exec.ret, tries));
            }
        };
        for (exec, millis) in execs.iter().zip(0..) {
            let boot_ns = millis * 1_000_000;
            fold.observe(&at(boot_ns, EventData::Exec(*exec)), &mut note);
            fold.tick(boot_ns, &mut note);
        }
        fold.finish(&mut note);
        out
    }

    /// Seven directories without it and one with it are one line; others walk at the same time.
    #[test]
    fn a_walk_is_one() {
        let mut execs = vec![exec(5, -2, b"ls\0-l\0"); 7];
        execs.insert(3, exec(6, -13, b"cc\0"));
        execs.push(exec(5, 0, b"ls\0-l\0"));
        execs.push(exec(6, 0, b"cc\0"));
        assert_eq!(folded(&execs), [(5, 0, 8), (6, 0, 2)]);
    }

    /// A walk to nowhere is one line as well, with the last errno.
    #[test]
    fn a_walk_to_nowhere() {
        let execs = [
            exec(5, -2, b"x\0"),
            exec(5, -2, b"x\0"),
            exec(5, -13, b"x\0"),
        ];
        assert_eq!(folded(&execs), [(5, -13, 3)]);
    }

    /// Another program's walk, or another kind of failure, is not joined.
    #[test]
    fn what_is_not_joined() {
        let other = [
            exec(5, -2, b"vim\0"),
            exec(5, -2, b"vi\0"),
            exec(5, 0, b"ed\0"),
        ];
        assert_eq!(folded(&other), [(5, -2, 1), (5, -2, 1), (5, 0, 1)]);
        let alone = [exec(5, -8, b"x\0"), exec(5, 0, b"x\0")];
        assert_eq!(folded(&alone), [(5, -8, 1), (5, 0, 1)]);
    }

    /// A script's arguments are compared behind its interpreter's.
    #[test]
    fn a_walk_to_a_script() {
        let script = Exec {
            script: true,
            ..exec(5, 0, b"/bin/sh\0-e\0/bin/x\0a\0b\0")
        };
        assert_eq!(folded(&[exec(5, -2, b"x\0a\0b\0"), script]), [(5, 0, 2)]);
        assert_eq!(
            folded(&[exec(5, -2, b"x\0c\0"), script]),
            [(5, -2, 1), (5, 0, 1)]
        );
    }

    /// Nothing is held back for long: a pause, or the process's end, ends its walk.
    #[test]
    fn a_walk_ends() {
        let mut fold = Fold::default();
        let mut count = 0;
        let failed = exec(5, -2, b"x\0");
        fold.observe(&at(0, EventData::Exec(failed)), &mut |_, _| {
            panic!("held back")
        });
        fold.tick(PAUSE_NS, &mut |_, _| panic!("not over yet"));
        fold.tick(PAUSE_NS + 1, &mut |_, tries| count += tries);
        assert_eq!(count, 1);

        let mut order = Vec::new();
        fold.observe(&at(0, EventData::Exec(failed)), &mut |_, _| {
            panic!("held back")
        });
        let exit = exit_of(failed.process);
        fold.observe(&at(1, EventData::Exit(exit)), &mut |event, _| {
            order.push(event.data.kind())
        });
        use crate::event::CountedKind;
        assert_eq!(order, [Some(CountedKind::Failed), Some(CountedKind::Exit)]);
    }

    fn exit_of(process: ProcessId) -> Exit<'static> {
        use crate::event::Cost;
        use crate::event::Cpu;
        use crate::event::ExitStatus;
        Exit {
            process,
            parent: process,
            comm: b"sh",
            uid: Some(0),
            gid: Some(0),
            place: Some(CgroupRef::unified(1)),
            ns_pid: Some(process.pid),
            status: Some(ExitStatus::Code(127)),
            oom_killed: None,
            by_exec: false,
            exec_ns: None,
            exec_number: None,
            cost: Some(Cost {
                cpu: Cpu::divided(0, false, 0, 0),
                max_rss_bytes: None,
                peak_rss_bytes: 0,
                minor_faults: 0,
                major_faults: 0,
                voluntary_switches: 0,
                involuntary_switches: 0,
                io: None,
            }),
        }
    }
}
