use jiff::Timestamp;

use super::*;
use crate::argv::Argv;
use crate::json::tests::exit;
use crate::json::tests::id;
use crate::json::tests::ls;
use crate::json::tests::process;

/// As in wait(2).
#[test]
fn exit_status() {
    assert_eq!(ExitStatus::from_wait(0x0700), ExitStatus::Code(7));
    assert!(ExitStatus::from_wait(0).success());
    let segv = ExitStatus::Signal {
        number: 11,
        core_dumped: true,
    };
    assert_eq!(ExitStatus::from_wait(0x8b), segv);
}

/// As the kernel divides for wait4.
#[test]
fn cpu_is_divided_by_ticks() {
    let divided = |user, system| {
        let cpu = Cpu::divided(1000, true, user, system);
        (cpu.user_ns, cpu.system_ns)
    };
    assert_eq!(divided(0, 0), (1000, 0));
    assert_eq!(divided(0, 4), (0, 1000));
    assert_eq!(divided(4, 0), (1000, 0));
    assert_eq!(divided(3, 1), (750, 250));
    assert_eq!(Cpu::divided(u64::MAX, true, 1, u64::MAX).user_ns, 1);
}

/// As `ps -o tty` has it: of the kernel's names, those of pseudo-terminals have lost a slash.
#[test]
fn terminals() {
    let terminal = |device| {
        let session = LoginSession {
            tty: device,
            ..LoginSession::default()
        };
        let parts = session.terminal();
        parts.map(|(directory, name)| [directory.as_bytes(), name].concat())
    };
    let known = [("pts12", "pts/12"), ("tty1", "tty1"), ("ttyS0", "ttyS0")];
    for (device, expected) in known {
        assert_eq!(terminal(Some(device.as_bytes())), Some(expected.into()));
    }
    assert_eq!(terminal(None), None);
}

/// A kept event lends what it was made of, whatever its type.
#[test]
fn owned_events_lend_what_they_keep() {
    let exec = Exec {
        session: LoginSession {
            tty: Some(b"pts3"),
            ..LoginSession::default()
        },
        cwd: Some(b"/home"),
        env: Some(Argv::whole(b"A=b\0")),
        ..ls(Argv::one_by_one(b"ls\0\0-l\0", &[1], true))
    };
    let mut whole = process(Some(exit(ExitStatus::Code(7))));
    whole.image = Some(exec.image());
    whole.session = Some(exec.session);
    let existing = Existing {
        comm: b"init",
        parent_comm: b"swapper",
        uid: Some(0),
        place: Some(CgroupRef::unified(5)),
        seen_pid: 1,
        session: exec.session,
        image: exec.image(),
        ..Existing::alive(id(1, 2), id(3, 4))
    };
    let cgroup = Cgroup {
        key: CgroupRef::unified(5).cgroup,
        path: b"/system.slice",
    };
    for data in [
        EventData::Exec(exec),
        EventData::Exit(exit(ExitStatus::Code(0))),
        EventData::Summary(whole),
        EventData::Existing(existing),
        EventData::Gone(id(1, 2)),
        EventData::Cgroup(cgroup),
        EventData::Clock(Clock { first: true }),
    ] {
        let event = Event {
            time: Timestamp::UNIX_EPOCH,
            boot_ns: 7,
            data,
        };
        let owned = OwnedEvent::new(&event);
        assert_eq!(format!("{:?}", owned.lend()), format!("{event:?}"));
    }
}
