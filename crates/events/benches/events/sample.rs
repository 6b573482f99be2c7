//! Events as an ordinary machine makes them.

use execsnoop_events::Argv;
use execsnoop_events::CgroupRef;
use execsnoop_events::Cost;
use execsnoop_events::Cpu;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Exec;
use execsnoop_events::ExecFile;
use execsnoop_events::Exit;
use execsnoop_events::ExitStatus;
use execsnoop_events::FinalUsage;
use execsnoop_events::Fork;
use execsnoop_events::Io;
use execsnoop_events::LoginSession;
use execsnoop_events::ProcessId;
use execsnoop_events::ProcessSummary;
use execsnoop_events::Redacted;
use jiff::Timestamp;

const MS: u64 = 1_000_000;
const SHELL: ProcessId = ProcessId {
    pid: 4700,
    start_ns: 18_571_587_975_444,
};
const SESSION: LoginSession<'static> = LoginSession {
    login_uid: Some(1000),
    audit_id: Some(3),
    leader: Some(4690),
    tty: Some(b"pts1"),
};

/// Something that happened on an afternoon.
pub(crate) fn event(data: EventData<'_>) -> Event<'_> {
    Event {
        time: Timestamp::new(1_795_427_347, 123_456_789).expect("it is in range"),
        boot_ns: 18_571_589_001_742,
        data,
    }
}

/// An exec of the compiler, with these arguments.
pub(crate) fn exec(pid: u32, args: &[u8]) -> Exec<'_> {
    let filename: Option<&[u8]> = Some(b"/usr/lib/gcc/x86_64-linux-gnu/12/cc1");
    Exec {
        process: Life::new(pid).process,
        tid: pid,
        parent: SHELL,
        comm: b"cc1",
        parent_comm: b"bash",
        uid: Some(0),
        euid: Some(0),
        gid: Some(0),
        egid: Some(0),
        session: SESSION,
        cpu: Some(1),
        ret: 0,
        fatal: false,
        filename,
        exe: filename,
        exe_root: None,
        script: false,
        secure: false,
        args: Argv::whole(args),
        cwd: None,
        cwd_root: None,
        env: None,
        redacted: Redacted::NOTHING,
        place: Some(CgroupRef::unified(6871)),
        ns_pid: Some(pid),
        pid_ns: Some(4_026_531_836),
        mnt_ns: Some(4_026_531_841),
        file: Some(ExecFile {
            device: 1,
            inode: 2,
            links: 1,
        }),
        peak_before: Some(4_404_019),
        exec_number: None,
    }
}

/// A process from its fork to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    process: ProcessId,
}

impl Life {
    pub(crate) fn new(pid: u32) -> Self {
        let start_ns = SHELL.start_ns + u64::from(pid);
        Self {
            process: ProcessId { pid, start_ns },
        }
    }

    /// All that is seen of it.
    pub(crate) fn events<'a>(&self, args: &'a [u8]) -> [Event<'a>; 4] {
        let fork = Fork {
            process: self.process,
            creator: SHELL,
            creator_tid: SHELL.pid,
            exec_number: None,
            vfork: Some(true),
            by_tracer: false,
            ns_pid: Some(self.process.pid),
        };
        let freed = FinalUsage {
            process: self.process,
            cpu: Cpu::divided(3 * MS, true, MS, MS),
        };
        [
            EventData::Fork(fork),
            EventData::Exec(exec(self.process.pid, args)),
            EventData::Exit(self.exit()),
            EventData::FinalUsage(freed),
        ]
        .map(event)
    }

    /// Its end.
    pub(crate) fn exit(&self) -> Exit<'static> {
        Exit {
            process: self.process,
            parent: SHELL,
            comm: b"cc1",
            uid: Some(0),
            gid: Some(0),
            place: Some(CgroupRef::unified(6871)),
            ns_pid: Some(self.process.pid),
            status: Some(ExitStatus::Code(1)),
            oom_killed: None,
            by_exec: false,
            exec_ns: Some(self.process.start_ns + MS),
            exec_number: None,
            cost: Some(Cost {
                cpu: Cpu::divided(3 * MS, false, MS, MS),
                max_rss_bytes: Some(8_404_019),
                peak_rss_bytes: 8_404_019,
                minor_faults: 812,
                major_faults: 0,
                voluntary_switches: 3,
                involuntary_switches: 2,
                io: Some(Io {
                    read_chars: 30_712,
                    write_chars: 4_711,
                    ..Io::default()
                }),
            }),
        }
    }

    /// The whole of it.
    pub(crate) fn process<'a>(&self, args: &'a [u8]) -> ProcessSummary<'a> {
        let exec = exec(self.process.pid, args);
        ProcessSummary {
            process: self.process,
            parent: SHELL,
            creator: Some(SHELL),
            comm: exec.comm,
            parent_comm: Some(exec.parent_comm),
            uid: exec.uid,
            gid: exec.gid,
            place: exec.place,
            ns_pid: exec.ns_pid,
            session: Some(SESSION),
            image: Some(exec.image()),
            execs: 1,
            exec_ns: Some(self.process.start_ns + MS),
            exit: Some(self.exit()),
        }
    }
}
