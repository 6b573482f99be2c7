//! The records: their fields in order, and what fills them. `schema::FIELDS` describes each field.

use std::borrow::Cow;

use serde::Serialize;
use serde::Serializer;

use super::annotations::Annotations;
use super::record_macros::add_field;
use super::record_macros::part;
use super::record_macros::record;
use super::values::Ancestors;
use super::values::Base64s;
use super::values::Decimal;
use super::values::Env;
use super::values::Id;
use super::values::Text;
use super::values::Texts;
use super::values::Time;
use super::values::Tty;
use super::values::all_utf8;
use super::values::known;
use crate::event::CgroupRef;
use crate::event::Event;
use crate::event::EventData;
use crate::event::Exec;
use crate::event::Exit;
use crate::event::ExitStatus;
use crate::event::Fork;
use crate::event::Image;
use crate::event::LoginSession;
use crate::event::Lost;
use crate::event::PathRoot;
use crate::event::ProcessSummary;
use crate::identity::CgroupOwner;
use crate::identity::Runtime;
use crate::text::errno_name;
use crate::text::signal_name;

/// Hands an event's record to a serializer; `None` for events that have no record of their own.
pub(crate) fn serialize<S: Serializer>(
    event: &Event<'_>,
    notes: &Annotations<'_>,
    serializer: S,
) -> Option<Result<S::Ok, S::Error>> {
    let time = Time(event.time);
    Some(match &event.data {
        EventData::Exec(exec) => ExecLine::new(time, exec, notes).serialize(serializer),
        EventData::Exit(exit) => ExitLine::new(event, exit, notes).serialize(serializer),
        EventData::Summary(process) => {
            ProcessLine::new(event, process, notes).serialize(serializer)
        }
        EventData::Existing(_)
        | EventData::Gone(_)
        | EventData::Cgroup(_)
        | EventData::FinalUsage(_) => return None,
        EventData::Fork(fork) => ForkLine::new(time, fork, notes.host).serialize(serializer),
        EventData::Lost(lost) => LostLine::new(time, lost, notes.host).serialize(serializer),
        EventData::Clock(_) => {
            ClockLine::new(time, event.boot_ns, notes.host).serialize(serializer)
        }
    })
}
record! {
    "exec": pub(crate) struct ExecLine<'a> {
        time: Time,
        id: Id,
        pid: u32,
        tid: u32,
        ppid: Option<u32>,
        parent_id: Option<Id>,
        comm: Option<Text<'a>>,
        pcomm: Option<Text<'a>>,
        uid: Option<u32>,
        user: Option<&'a str>,
        euid: Option<u32>,
        gid: Option<u32>,
        group: Option<&'a str>,
        egid: Option<u32>,
        #[flatten]
        session: SessionFields<'a>,
        cpu: Option<u32>,
        ret: i32,
        #[optional]
        errno: Option<&'static str>,
        #[flatten]
        image: ImageFields<'a>,
        #[flatten]
        place: PlaceFields<'a>,
        ns_pid: Option<u32>,
        pid_ns: Option<u32>,
        mnt_ns: Option<u32>,
        #[optional]
        fatal: Option<bool>,
        #[optional]
        tries: Option<u32>,
        #[optional]
        ancestors: Option<Ancestors<'a>>,
        #[optional]
        host: Option<&'a str>,
    }
}

impl<'a> ExecLine<'a> {
    pub(crate) fn new(time: Time, exec: &Exec<'a>, notes: &Annotations<'a>) -> Self {
        Self {
            time,
            host: notes.host,
            id: Id(exec.process),
            pid: exec.process.pid,
            tid: exec.tid,
            ppid: exec.parent.known().map(|parent| parent.pid),
            parent_id: exec.parent.known().map(Id),
            comm: known(exec.comm),
            pcomm: known(exec.parent_comm),
            uid: exec.uid,
            user: notes.user,
            euid: exec.euid,
            gid: exec.gid,
            group: notes.group,
            egid: exec.egid,
            session: SessionFields::new(&exec.session),
            cpu: exec.cpu,
            ret: exec.ret,
            errno: errno_name(exec.ret.saturating_neg()),
            image: ImageFields::new(exec.image(), notes),
            place: PlaceFields::new(exec.place.as_ref(), notes),
            ns_pid: exec.ns_pid,
            pid_ns: exec.pid_ns,
            mnt_ns: exec.mnt_ns,
            fatal: exec.fatal.then_some(true),
            tries: notes.tries,
            ancestors: notes.ancestors.map(Ancestors),
        }
    }
}

part! {
    /// The image.
    pub(crate) struct ImageFields<'a> {
        filename: Option<Text<'a>>,
        exe: Option<Text<'a>>,
        exe_root: Option<&'static str>,
        script: Option<Text<'a>>,
        deleted: Option<bool>,
        memfd: Option<bool>,
        secure: Option<bool>,
        args: Option<Texts<'a>>,
        args_complete: bool,
        #[optional]
        args_b64: Option<Base64s<'a>>,
        cwd: Option<Text<'a>>,
        cwd_root: Option<&'static str>,
        env: Option<Env<'a>>,
        redacted: bool,
        #[optional]
        shortened: Option<bool>,
    }
}

impl<'a> ImageFields<'a> {
    pub(crate) fn new(image: Image<'a>, notes: &Annotations<'_>) -> Self {
        let args = image.args;
        Self {
            filename: image.filename.map(Text),
            exe: image.exe.map(Text),
            exe_root: image.exe_root.map(PathRoot::name),
            script: image.filename.filter(|_| image.script).map(Text),
            deleted: image.deleted(),
            memfd: image.memfd(),
            secure: image.file.map(|_| image.secure),
            args: (!args.is_unknown()).then_some(Texts(args)),
            args_complete: args.is_complete(),
            args_b64: (!all_utf8(&args)).then_some(Base64s(args)),
            cwd: image.cwd.map(Text),
            cwd_root: image.cwd_root.map(PathRoot::name),
            env: image.env.map(Env),
            redacted: notes.redacted || image.redacted.is_anything(),
            shortened: (notes.shortened || image.is_shortened()).then_some(true),
        }
    }
}

part! {
    /// The login session.
    pub(crate) struct SessionFields<'a> {
        login_uid: Option<u32>,
        audit_session: Option<u32>,
        sid: Option<u32>,
        tty: Option<Tty<'a>>,
    }
}

impl<'a> SessionFields<'a> {
    pub(crate) fn new(session: &LoginSession<'a>) -> Self {
        Self {
            login_uid: session.login_uid,
            audit_session: session.audit_id,
            sid: session.leader,
            tty: session.terminal().map(Tty),
        }
    }
}

part! {
    /// The owner, from the cgroup.
    pub(crate) struct PlaceFields<'a> {
        cgroup: Option<Text<'a>>,
        cgroup_id: Option<Decimal>,
        unit: Option<Text<'a>>,
        user_unit: Option<Text<'a>>,
        container: Option<ContainerFields<'a>>,
        pod_uid: Option<&'a str>,
    }
}

#[derive(Serialize)]
pub(crate) struct ContainerFields<'a> {
    id: Text<'a>,
    runtime: Option<&'static str>,
}

impl<'a> PlaceFields<'a> {
    pub(crate) fn new(place: Option<&CgroupRef>, notes: &Annotations<'a>) -> Self {
        let identity = notes.identity;
        let container = identity.and_then(CgroupOwner::container);
        Self {
            cgroup: identity.map(|identity| Text(identity.path())),
            cgroup_id: place.map(|place| Decimal(place.unified_id)),
            unit: identity.and_then(CgroupOwner::unit).map(Text),
            user_unit: identity.and_then(CgroupOwner::user_unit).map(Text),
            container: container.map(|container| ContainerFields {
                id: Text(container.id()),
                runtime: container.runtime().map(Runtime::name),
            }),
            pod_uid: identity.and_then(CgroupOwner::pod_uid),
        }
    }
}
record! {
    "fork": pub(crate) struct ForkLine<'a> {
        time: Time,
        id: Id,
        pid: u32,
        creator_id: Id,
        creator_pid: u32,
        vfork: Option<bool>,
        ns_pid: Option<u32>,
        #[optional]
        host: Option<&'a str>,
    }
}

impl<'a> ForkLine<'a> {
    pub(crate) fn new(time: Time, fork: &Fork, host: Option<&'a str>) -> Self {
        Self {
            time,
            host,
            id: Id(fork.process),
            pid: fork.process.pid,
            creator_id: Id(fork.creator),
            creator_pid: fork.creator.pid,
            vfork: fork.vfork,
            ns_pid: fork.ns_pid,
        }
    }
}

record! {
    "exit": pub(crate) struct ExitLine<'a> {
        time: Time,
        id: Id,
        pid: u32,
        ppid: Option<u32>,
        parent_id: Option<Id>,
        comm: Option<Text<'a>>,
        uid: Option<u32>,
        user: Option<&'a str>,
        gid: Option<u32>,
        group: Option<&'a str>,
        #[flatten]
        place: PlaceFields<'a>,
        ns_pid: Option<u32>,
        #[flatten]
        end: EndFields,
        #[optional]
        ancestors: Option<Ancestors<'a>>,
        #[optional]
        host: Option<&'a str>,
    }
}

impl<'a> ExitLine<'a> {
    pub(crate) fn new(event: &Event<'_>, exit: &Exit<'a>, notes: &Annotations<'a>) -> Self {
        Self {
            time: Time(event.time),
            host: notes.host,
            id: Id(exit.process),
            pid: exit.process.pid,
            ppid: exit.parent.known().map(|parent| parent.pid),
            parent_id: exit.parent.known().map(Id),
            comm: known(exit.comm),
            uid: exit.uid,
            user: notes.user,
            gid: exit.gid,
            group: notes.group,
            place: PlaceFields::new(exit.place.as_ref(), notes),
            ns_pid: exit.ns_pid,
            end: EndFields::new(event.boot_ns, exit),
            ancestors: notes.ancestors.map(Ancestors),
        }
    }
}

part! {
    /// How a process ended and what it cost; all null for one that lives.
    #[derive(Default)]
    pub(crate) struct EndFields {
        exit: Option<&'static str>,
        code: Option<u8>,
        signal: Option<u8>,
        signal_name: Option<Cow<'static, str>>,
        core_dumped: Option<bool>,
        oom_killed: Option<bool>,
        #[optional]
        fatal: Option<bool>,
        lifetime_ns: Option<u64>,
        exec_lifetime_ns: Option<u64>,
        cpu_ns: Option<u64>,
        cpu_exact: Option<bool>,
        user_ns: Option<u64>,
        system_ns: Option<u64>,
        max_rss_bytes: Option<u64>,
        peak_rss_bytes: Option<u64>,
        read_bytes: Option<u64>,
        write_bytes: Option<u64>,
        read_chars: Option<u64>,
        write_chars: Option<u64>,
        minor_faults: Option<u64>,
        major_faults: Option<u64>,
        voluntary_switches: Option<u64>,
        involuntary_switches: Option<u64>,
    }
}

impl EndFields {
    pub(crate) fn new(boot_ns: u64, exit: &Exit<'_>) -> Self {
        let code = match exit.status {
            Some(ExitStatus::Code(code)) => Some(code),
            _ => None,
        };
        let killed = match exit.status {
            Some(ExitStatus::Signal {
                number,
                core_dumped,
            }) => Some((number, core_dumped)),
            _ => None,
        };
        let cost = exit.cost.as_ref();
        let io = cost.and_then(|cost| cost.io);
        Self {
            exit: exit.status.map(|_| match killed {
                Some(_) => "killed",
                None => "exited",
            }),
            code,
            signal: killed.map(|(signal, _)| signal),
            signal_name: killed.and_then(|(signal, _)| signal_name(signal)),
            core_dumped: exit
                .status
                .map(|_| killed.is_some_and(|(_, dumped)| dumped)),
            oom_killed: exit.oom_killed,
            fatal: exit.by_exec.then_some(true),
            lifetime_ns: Some(boot_ns.saturating_sub(exit.process.start_ns)),
            exec_lifetime_ns: exit.exec_ns.map(|exec_ns| boot_ns.saturating_sub(exec_ns)),
            cpu_ns: cost.map(|cost| cost.cpu.total_ns),
            cpu_exact: cost.map(|cost| cost.cpu.exact),
            user_ns: cost.map(|cost| cost.cpu.user_ns),
            system_ns: cost.map(|cost| cost.cpu.system_ns),
            max_rss_bytes: cost.and_then(|cost| cost.max_rss_bytes),
            peak_rss_bytes: cost.map(|cost| cost.peak_rss_bytes),
            read_bytes: io.map(|io| io.read_bytes),
            write_bytes: io.map(|io| io.write_bytes),
            read_chars: io.map(|io| io.read_chars),
            write_chars: io.map(|io| io.write_chars),
            minor_faults: cost.map(|cost| cost.minor_faults),
            major_faults: cost.map(|cost| cost.major_faults),
            voluntary_switches: cost.map(|cost| cost.voluntary_switches),
            involuntary_switches: cost.map(|cost| cost.involuntary_switches),
        }
    }
}

record! {
    "process": struct ProcessLine<'a> {
        time: Time,
        id: Id,
        pid: u32,
        ppid: Option<u32>,
        parent_id: Option<Id>,
        creator_id: Option<Id>,
        creator_pid: Option<u32>,
        comm: Option<Text<'a>>,
        pcomm: Option<Text<'a>>,
        uid: Option<u32>,
        user: Option<&'a str>,
        gid: Option<u32>,
        group: Option<&'a str>,
        #[flatten]
        session: SessionFields<'a>,
        #[flatten]
        image: ImageFields<'a>,
        execs: u32,
        #[flatten]
        place: PlaceFields<'a>,
        ns_pid: Option<u32>,
        #[flatten]
        end: EndFields,
        #[optional]
        ancestors: Option<Ancestors<'a>>,
        #[optional]
        host: Option<&'a str>,
    }
}

impl<'a> ProcessLine<'a> {
    fn new(event: &Event<'_>, process: &ProcessSummary<'a>, notes: &Annotations<'a>) -> Self {
        let image = process.image.unwrap_or(Image::UNKNOWN);
        let end = process.exit.as_ref();
        Self {
            time: Time(event.time),
            host: notes.host,
            id: Id(process.process),
            pid: process.process.pid,
            ppid: process.parent.known().map(|parent| parent.pid),
            parent_id: process.parent.known().map(Id),
            creator_id: process.creator.map(Id),
            creator_pid: process.creator.map(|creator| creator.pid),
            comm: known(process.comm),
            pcomm: process.parent_comm.and_then(known),
            uid: process.uid,
            user: notes.user,
            gid: process.gid,
            group: notes.group,
            session: SessionFields::new(&process.session.unwrap_or_default()),
            image: ImageFields::new(image, notes),
            execs: process.execs,
            place: PlaceFields::new(process.place.as_ref(), notes),
            ns_pid: process.ns_pid,
            end: end.map_or_else(EndFields::default, |exit| {
                EndFields::new(event.boot_ns, exit)
            }),
            ancestors: notes.ancestors.map(Ancestors),
        }
    }
}
record! {
    "lost": pub(crate) struct LostLine<'a> {
        time: Time,
        count: u64,
        kind: &'static str,
        reason: &'static str,
        #[optional]
        host: Option<&'a str>,
    }
}

impl<'a> LostLine<'a> {
    pub(crate) fn new(time: Time, lost: &Lost, host: Option<&'a str>) -> Self {
        Self {
            time,
            host,
            count: lost.count,
            kind: lost.kind.name(),
            reason: lost.reason.name(),
        }
    }
}

record! {
    "clock": pub(crate) struct ClockLine<'a> {
        time: Time,
        boot_ns: Decimal,
        #[optional]
        host: Option<&'a str>,
    }
}

impl<'a> ClockLine<'a> {
    pub(crate) fn new(time: Time, boot_ns: u64, host: Option<&'a str>) -> Self {
        Self {
            time,
            host,
            boot_ns: Decimal(boot_ns),
        }
    }
}
