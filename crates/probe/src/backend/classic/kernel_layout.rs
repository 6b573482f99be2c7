//! Where a kernel without BTF keeps what the classic backend reads.
//!
//! A small program copies the loader's own `task_struct` out, and what is known of this process
//! anyway (its number, its name, its parent, when it began) tells which field is which. Each is
//! recognised by more than one sign, and what is ambiguous counts as not found: a guess is never
//! used.

use std::time::Duration;

use crate::proc_table;
use crate::skeleton::classic::types::layout;

/// Offset of `live` in `signal_struct`: a reference count stands before it, always.
const LIVE: u32 = 4;

/// Kernel stacks are at most this large.
const STACK_BYTES: u64 = 64 << 10;

/// From `tgid` to `group_leader` it is no farther: a stack canary, the parents, two lists.
const FAMILY_BYTES: usize = 128;

/// `group_leader` comes after `real_parent`, `parent`, `children` and `sibling`, two lists (since
/// 2.6).
const PARENT_TO_LEADER: usize = 48;

/// The two start times are taken within this long of each other; the boot clock is ahead by the
/// time that the machine has slept, which is known to about this.
const START_TIMES_APART: Duration = Duration::from_millis(2);

/// What the loader knows of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct SelfTask {
    /// Address of its `task_struct`, and of the registers with which it entered the kernel.
    pub task: u64,
    pub regs: u64,
    /// Number in the initial pid namespace.
    pub tgid: u32,
    /// The parent's pid, if it is known there.
    pub ppid: Option<u32>,
    pub comm: Vec<u8>,
    /// When it began, in ticks since boot (`/proc/self/stat`).
    pub start_ticks: u64,
    /// The signal that was asked for when the parent dies (`PR_SET_PDEATHSIG`).
    pub parent_death_signal: u32,
    /// How far the boot clock is ahead of the monotonic one, in ns.
    pub suspended_ns: u64,
}

/// Memory of the kernel.
pub(crate) trait Memory {
    /// Some kilobytes from this address on, up to the first that cannot be read.
    fn peek(&mut self, address: u64) -> Vec<u8>;
}

/// Finds everything out; else the name of what could not be found.
pub(crate) fn learn(me: &SelfTask, memory: &mut dyn Memory) -> Result<layout, &'static str> {
    let task = memory.peek(me.task);
    let (stack, regs) = stack(&task, me).ok_or("task_struct.stack")?;
    let family = family(&task, me, memory).ok_or("task_struct.group_leader")?;
    // What was read may go on into the neighbour, who has a name and a start, too. Ours come first:
    // the order is group_leader, start_time, comm, signal.
    let comm = comm(&task, me, family.leader).ok_or("task_struct.comm")?;
    let start = start(&task[..comm], me).ok_or("task_struct.start_boottime")?;
    Ok(layout {
        stack: offset(stack),
        regs,
        tgid: offset(family.tgid),
        parent: offset(family.leader - PARENT_TO_LEADER),
        leader: offset(family.leader),
        start: offset(start),
        comm: offset(comm),
        signal: offset(signal(&task, me, comm, memory).ok_or("task_struct.signal")?),
        live: LIVE,
        exit_code: exit_code(&task, me).map_or(0, offset),
    })
}

/// Whether a layout from elsewhere fits this process; if so, where the registers are in the kernel
/// stack.
pub(crate) fn check(layout: &layout, task: &[u8], me: &SelfTask) -> Option<u32> {
    let at = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    let above = me.regs.checked_sub(u64_at(task, at(layout.stack))?)?;
    let comm = task.get(at(layout.comm)..)?;
    let fits = u32_at(task, at(layout.tgid)) == Some(me.tgid)
        && u64_at(task, at(layout.leader)) == Some(me.task)
        && u64_at(task, at(layout.start))? / proc_table::TICK_NS == me.start_ticks
        && comm.starts_with(&me.comm)
        && above > 0
        && above < STACK_BYTES;
    fits.then_some(u32::try_from(above).ok()?)
}

/// The registers lie at the end of the kernel stack, and the stack begins with a page.
fn stack(task: &[u8], me: &SelfTask) -> Option<(usize, u32)> {
    words(task).skip(1).find_map(|(at, word)| {
        let above = me.regs.checked_sub(word)?;
        let is_stack = word.is_multiple_of(4096) && above > 0 && above < STACK_BYTES;
        is_stack.then_some((at, u32::try_from(above).ok()?))
    })
}

struct TaskLinks {
    tgid: usize,
    leader: usize,
}

/// `pid` and `tgid` stand side by side, and are the same for a first thread; somewhat behind them
/// `group_leader` points at the task itself, and `real_parent` at a task with the parent's number.
fn family(task: &[u8], me: &SelfTask, memory: &mut dyn Memory) -> Option<TaskLinks> {
    let pair =
        |at: &usize| u32_at(task, *at) == Some(me.tgid) && u32_at(task, at + 4) == Some(me.tgid);
    for pid in (0..task.len()).step_by(4).filter(pair) {
        let tgid = pid + 4;
        let behind = words(task).filter(|(at, _)| (tgid..tgid + FAMILY_BYTES).contains(at));
        let leaders = behind.filter(|(_, word)| *word == me.task);
        for (leader, _) in leaders {
            let real_parent = leader
                .checked_sub(PARENT_TO_LEADER)
                .filter(|at| *at > pid)
                .and_then(|at| u64_at(task, at));
            let number = real_parent.and_then(|parent| u32_at(&memory.peek(parent), tgid));
            if number.is_some_and(|number| me.ppid.is_none_or(|ppid| ppid == number)) {
                return Some(TaskLinks { tgid, leader });
            }
        }
    }
    None
}

/// `start_time` and, after it, `start_boottime`: the same moment on two clocks.
fn start(task: &[u8], me: &SelfTask) -> Option<usize> {
    let apart = u64::try_from(START_TIMES_APART.as_nanos()).ok()?;
    only(words(task).filter_map(|(at, monotonic)| {
        let boot = u64_at(task, at + 8)?;
        let behind = boot.checked_sub(monotonic)?;
        let fits = boot / proc_table::TICK_NS == me.start_ticks
            && monotonic > 0
            && behind.abs_diff(me.suspended_ns) < apart;
        fits.then_some(at + 8)
    }))
}

/// The name, in 16 bytes.
fn comm(task: &[u8], me: &SelfTask, leader: usize) -> Option<usize> {
    let mut name = me.comm.clone();
    name.push(0);
    (leader..task.len())
        .step_by(4)
        .find(|at| task[*at..].starts_with(&name))
}

/// `signal_struct` begins with a reference count, the number of living threads and that of all
/// threads (1 here; a thread that has just ended may still hold a reference), then come four bytes
/// of something else, and the list of threads: our own `thread_node` alone, which points back.
fn signal(task: &[u8], me: &SelfTask, comm: usize, memory: &mut dyn Memory) -> Option<usize> {
    let behind = words(task).filter(|(at, word)| *at > comm && is_kernel(*word));
    for (at, pointer) in behind {
        let signal = memory.peek(pointer);
        let references = u32_at(&signal, 0);
        let counts = references.is_some_and(|count| (1..1000).contains(&count))
            && (1..3).all(|index| u32_at(&signal, 4 * index) == Some(1));
        let list = (u64_at(&signal, 16), u64_at(&signal, 24));
        let node = list.0.and_then(|next| next.checked_sub(me.task));
        let node = node.and_then(|node| usize::try_from(node).ok());
        let points_back = node.and_then(|node| u64_at(task, node)) == pointer.checked_add(16);
        if counts && list.0 == list.1 && points_back {
            return Some(at);
        }
    }
    None
}

/// `exit_state`, `exit_code`, `exit_signal`, `pdeath_signal`: the last two are known.
fn exit_code(task: &[u8], me: &SelfTask) -> Option<usize> {
    let expected = [0, 0, nix::libc::SIGCHLD as u32, me.parent_death_signal];
    only((0..task.len()).step_by(4).filter_map(|at| {
        let found = (0..4).all(|index| u32_at(task, at + 4 * index) == Some(expected[index]));
        found.then_some(at + 4)
    }))
}

/// The only one; `None` when there are none or several.
fn only<T>(mut several: impl Iterator<Item = T>) -> Option<T> {
    let first = several.next()?;
    several.next().is_none().then_some(first)
}

/// The upper half of the address space is the kernel's.
fn is_kernel(address: u64) -> bool {
    address > 1 << 63 && address.is_multiple_of(8)
}

fn words(bytes: &[u8]) -> impl Iterator<Item = (usize, u64)> + '_ {
    (0..bytes.len())
        .step_by(8)
        .map_while(|at| Some((at, u64_at(bytes, at)?)))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_ne_bytes(bytes.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("some kilobytes")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const TASK: u64 = 0xffff_8881_0000_2000;
    const PARENT: u64 = 0xffff_8881_0000_8000;
    const SIGNAL: u64 = 0xffff_8881_0001_0040;
    const STACK: u64 = 0xffff_c900_0010_0000;
    const START_NS: u64 = 1_234_567_890;

    /// Where the fields are in the kernel that is made up here.
    const STACK_AT: usize = 32;
    const EXIT_STATE_AT: usize = 1000;
    const PID_AT: usize = 1100;
    const REAL_PARENT_AT: usize = 1120;
    const LEADER_AT: usize = REAL_PARENT_AT + PARENT_TO_LEADER;
    const THREAD_NODE_AT: usize = 1300;
    const START_TIME_AT: usize = 1504;
    const COMM_AT: usize = 1800;
    const SIGNAL_AT: usize = 1960;

    #[derive(Clone)]
    struct Made(HashMap<u64, Vec<u8>>);

    impl Memory for Made {
        fn peek(&mut self, address: u64) -> Vec<u8> {
            self.0.get(&address).cloned().unwrap_or_default()
        }
    }

    fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
        bytes[at..at + value.len()].copy_from_slice(value);
    }

    fn put64(bytes: &mut [u8], at: usize, value: u64) {
        put(bytes, at, &value.to_ne_bytes());
    }

    fn put32(bytes: &mut [u8], at: usize, value: u32) {
        put(bytes, at, &value.to_ne_bytes());
    }

    /// A process of this name and number, as it lies in memory; its parent's is at PARENT.
    fn task(at: u64, tgid: u32, comm: &[u8], signal: u64) -> Vec<u8> {
        let mut task = vec![0; 4096];
        put64(&mut task, STACK_AT, STACK);
        put32(&mut task, EXIT_STATE_AT + 8, nix::libc::SIGCHLD as u32);
        put32(&mut task, EXIT_STATE_AT + 12, 28);
        put32(&mut task, PID_AT, tgid);
        put32(&mut task, PID_AT + 4, tgid);
        put64(&mut task, REAL_PARENT_AT, PARENT);
        put64(&mut task, REAL_PARENT_AT + 8, PARENT);
        put64(&mut task, LEADER_AT, at);
        put64(&mut task, THREAD_NODE_AT, signal + 16);
        put64(&mut task, START_TIME_AT, START_NS - 40);
        put64(&mut task, START_TIME_AT + 8, START_NS);
        put(&mut task, COMM_AT, comm);
        put64(&mut task, SIGNAL_AT, signal);
        task
    }

    fn signal(of: u64) -> Vec<u8> {
        let mut signal = vec![0; 256];
        (0..3).for_each(|index| put32(&mut signal, 4 * index, 1));
        put64(&mut signal, 16, of + THREAD_NODE_AT as u64);
        put64(&mut signal, 24, of + THREAD_NODE_AT as u64);
        signal
    }

    fn kernel() -> (SelfTask, Made) {
        let me = SelfTask {
            task: TASK,
            regs: STACK + 16_216,
            tgid: 4711,
            ppid: Some(4700),
            comm: b"execsnoop".to_vec(),
            start_ticks: START_NS / proc_table::TICK_NS,
            parent_death_signal: 28,
            suspended_ns: 0,
        };
        let memory = HashMap::from([
            (TASK, task(TASK, 4711, b"execsnoop", SIGNAL)),
            (PARENT, task(PARENT, 4700, b"bash", 0)),
            (SIGNAL, signal(TASK)),
        ]);
        (me, Made(memory))
    }

    /// Every field is found where it is.
    #[test]
    fn learns() {
        let (me, mut memory) = kernel();
        let layout = learn(&me, &mut memory).expect("all can be found");
        assert_eq!((layout.stack, layout.regs), (STACK_AT as u32, 16_216));
        assert_eq!(layout.tgid, PID_AT as u32 + 4);
        assert_eq!(layout.parent, REAL_PARENT_AT as u32);
        assert_eq!(layout.leader, LEADER_AT as u32);
        assert_eq!(layout.start, START_TIME_AT as u32 + 8);
        assert_eq!(layout.comm, COMM_AT as u32);
        assert_eq!(layout.signal, SIGNAL_AT as u32);
        assert_eq!(layout.exit_code, EXIT_STATE_AT as u32 + 4);
    }

    /// A thread that has just ended keeps a reference until the kernel frees it.
    #[test]
    fn a_thread_that_has_ended() {
        let (me, mut memory) = kernel();
        put32(memory.0.get_mut(&SIGNAL).expect("it is there"), 0, 2);
        let layout = learn(&me, &mut memory).expect("all can be found");
        assert_eq!(layout.signal, SIGNAL_AT as u32);
    }

    /// What was read goes on into a neighbour that looks the same: it does not mislead.
    #[test]
    fn neighbour() {
        let (me, mut memory) = kernel();
        let expected = learn(&me, &mut memory).expect("all can be found");
        let (at, of_neighbour) = (TASK + 4096, SIGNAL + 0x800);
        let neighbour = task(at, 4711, b"execsnoop", of_neighbour);
        let own = memory.0.get_mut(&TASK).expect("it is there");
        own.extend_from_slice(&neighbour);
        // Its death signal is not the rare one.
        put32(own, 4096 + EXIT_STATE_AT + 12, 0);
        memory.0.insert(of_neighbour, signal(at));
        let got = learn(&me, &mut memory).expect("all can be found");
        assert_eq!(format!("{got:?}"), format!("{expected:?}"));
    }

    /// A layout from elsewhere is only taken when it fits.
    #[test]
    fn checks() {
        let (me, mut memory) = kernel();
        let learnt = learn(&me, &mut memory).expect("all can be found");
        let own = memory.peek(TASK);
        assert_eq!(check(&learnt, &own, &me), Some(16_216));
        type Change = fn(&mut layout);
        let changes: [Change; 5] = [
            |layout| layout.stack += 8,
            |layout| layout.tgid += 4,
            |layout| layout.leader += 8,
            |layout| layout.comm = u32::MAX,
            |layout| layout.start += 8,
        ];
        for change in changes {
            let mut other = learnt;
            change(&mut other);
            assert_eq!(check(&other, &own, &me), None);
        }
    }

    /// What is not there, or is ambiguous, is not found.
    #[test]
    fn refuses_to_guess() {
        let cases: [(usize, &[u8], &str); 7] = [
            (STACK_AT, &[1; 8], "task_struct.stack"),
            (PID_AT, &[0; 8], "task_struct.group_leader"),
            (LEADER_AT, &[0; 8], "task_struct.group_leader"),
            (REAL_PARENT_AT, &[0; 8], "task_struct.group_leader"),
            (COMM_AT, b"else", "task_struct.comm"),
            (START_TIME_AT, &[0; 16], "task_struct.start_boottime"),
            (SIGNAL_AT, &[0; 8], "task_struct.signal"),
        ];
        for (at, bytes, field) in cases {
            let (me, mut memory) = kernel();
            put(memory.0.get_mut(&TASK).expect("it is there"), at, bytes);
            assert_eq!(learn(&me, &mut memory).err(), Some(field));
        }
        let (me, mut memory) = kernel();
        let task = memory.0.get_mut(&TASK).expect("it is there");
        put64(task, 1600, START_NS);
        put64(task, 1608, START_NS + 1);
        let refused = learn(&me, &mut memory).err();
        assert_eq!(refused, Some("task_struct.start_boottime"));
    }

    /// How a process ended can be done without.
    #[test]
    fn exit_code_is_optional() {
        let (mut me, mut memory) = kernel();
        me.parent_death_signal = 9;
        let layout = learn(&me, &mut memory).expect("all else can be found");
        assert_eq!(layout.exit_code, 0);
    }

    proptest! {
        /// Memory that changes under our eyes leads to an answer, never to a panic.
        #[test]
        fn learning_is_total(
            noise in prop::collection::vec((0usize..4088, any::<u64>()), 0..40),
            length in 0usize..4096,
        ) {
            let (me, mut memory) = kernel();
            let task = memory.0.get_mut(&TASK).expect("it is there");
            for (at, value) in noise {
                put64(task, at, value);
            }
            task.truncate(length);
            let _ = learn(&me, &mut memory);
        }
    }
}
