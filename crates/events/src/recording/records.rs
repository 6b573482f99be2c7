//! The records of a recording: those of the JSON contract with what only recordings need, and those
//! that only recordings have.
//!
//! What is added stands at the end of a record, and is left out when it says nothing. Decoding then
//! gives the same event.

use std::num::NonZeroU32;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeStruct as _;

use crate::argv::Argv;
use crate::event::Cgroup;
use crate::event::CgroupKey;
use crate::event::CgroupRef;
use crate::event::Clock;
use crate::event::Event;
use crate::event::Exec;
use crate::event::Existing;
use crate::event::ExistingState;
use crate::event::Exit;
use crate::event::FinalUsage;
use crate::event::Fork;
use crate::event::Hierarchy;
use crate::event::Image;
use crate::event::Lost;
use crate::event::ProcessId;
use crate::event::Redacted;
use crate::json::Annotations;
use crate::json::record_macros::Part;
use crate::json::record_macros::add_field;
use crate::json::record_macros::part;
use crate::json::record_macros::record;
use crate::json::records::ClockLine;
use crate::json::records::EndFields;
use crate::json::records::ExecLine;
use crate::json::records::ExitLine;
use crate::json::records::ForkLine;
use crate::json::records::ImageFields;
use crate::json::records::LostLine;
use crate::json::records::PlaceFields;
use crate::json::records::SessionFields;
use crate::json::values::Base64;
use crate::json::values::Decimal;
use crate::json::values::Id;
use crate::json::values::Text;
use crate::json::values::Time;
use crate::json::values::known;

/// The values of `redacted_in`: only in the environment, or in arguments or file names as well.
pub(crate) const REDACTED_IN: [&str; 2] = ["env", "all"];

/// An event, what is added to it, and its time since boot if that does not follow from the clock.
#[derive(Clone, Copy)]
pub(super) struct Source<'e, 'a> {
    pub event: &'e Event<'a>,
    pub notes: &'e Annotations<'a>,
    pub boot_ns: Option<u64>,
}

impl Source<'_, '_> {
    fn time(&self) -> Time {
        Time(self.event.time)
    }

    fn boot_ns(&self) -> Option<Decimal> {
        self.boot_ns.map(Decimal)
    }
}

record! {
    "exec": pub(super) struct ExecRecord<'a> {
        #[flatten]
        line: ExecLine<'a>,
        #[optional]
        comm_b64: Option<Base64<'a>>,
        #[optional]
        pcomm_b64: Option<Base64<'a>>,
        #[optional]
        tty_b64: Option<Base64<'a>>,
        #[flatten]
        image: ImageRest<'a>,
        #[flatten]
        place: PlaceRest,
        #[optional]
        exec_number: Option<NonZeroU32>,
        #[optional]
        peak_before: Option<u64>,
        #[optional]
        boot_ns: Option<Decimal>,
    }
}

impl<'a> ExecRecord<'a> {
    pub(super) fn new(of: Source<'_, 'a>, exec: &Exec<'a>) -> Self {
        Self {
            line: ExecLine::new(of.time(), exec, of.notes),
            comm_b64: not_utf8(exec.comm),
            pcomm_b64: not_utf8(exec.parent_comm),
            tty_b64: exec.session.tty.and_then(not_utf8),
            image: ImageRest::new(&exec.image()),
            place: PlaceRest::new(exec.place),
            exec_number: exec.exec_number,
            peak_before: exec.peak_before,
            boot_ns: of.boot_ns(),
        }
    }
}

part! {
    /// What the fields of the contract leave open of an image.
    struct ImageRest<'a> {
        #[optional]
        filename_b64: Option<Base64<'a>>,
        #[optional]
        exe_b64: Option<Base64<'a>>,
        #[optional]
        cwd_b64: Option<Base64<'a>>,
        #[optional]
        is_script: Option<bool>,
        #[optional]
        is_secure: Option<bool>,
        #[optional]
        file_dev: Option<u32>,
        #[optional]
        file_ino: Option<Decimal>,
        #[optional]
        file_links: Option<u32>,
        #[optional]
        args_cut: Option<bool>,
        #[optional]
        args_bytes: Option<u64>,
        #[optional]
        args_shortened: Option<bool>,
        #[optional]
        env_b64: Option<Base64<'a>>,
        #[optional]
        env_bytes: Option<u64>,
        #[optional]
        env_incomplete: Option<bool>,
        #[optional]
        env_shortened: Option<bool>,
        #[optional]
        redacted_in: Option<&'static str>,
    }
}

impl<'a> ImageRest<'a> {
    fn new(image: &Image<'a>) -> Self {
        let (args, _, rest) = image.args.parts();
        let env = image.env.as_ref().map(Argv::parts);
        Self {
            filename_b64: image.filename.and_then(not_utf8),
            exe_b64: image.exe.and_then(not_utf8),
            cwd_b64: image.cwd.and_then(not_utf8),
            is_script: only_true(image.script && image.filename.is_none()),
            is_secure: only_true(image.secure && image.file.is_none()),
            file_dev: image.file.map(|file| file.device),
            file_ino: image.file.map(|file| Decimal(file.inode)),
            file_links: image.file.map(|file| file.links).filter(|it| *it != 1),
            args_cut: only_true(!args.is_empty() && !args.ends_with(b"\0")),
            args_bytes: other_total(args, rest.total_bytes),
            args_shortened: only_true(rest.shortened),
            env_b64: env.map(|(env, ..)| env).and_then(not_variables),
            env_bytes: env.and_then(|(env, _, rest)| other_total(env, rest.total_bytes)),
            env_incomplete: env.and_then(|(_, _, rest)| only_true(!rest.complete)),
            env_shortened: env.and_then(|(_, _, rest)| only_true(rest.shortened)),
            redacted_in: redacted_in(image.redacted),
        }
    }
}

/// Where something was masked, if not only in the texts.
fn redacted_in(redacted: Redacted) -> Option<&'static str> {
    match (redacted.env, redacted.texts) {
        (true, true) => Some(REDACTED_IN[1]),
        (true, false) => Some(REDACTED_IN[0]),
        (false, _) => None,
    }
}

/// The number of bytes, if there were more than these.
fn other_total(block: &[u8], total_bytes: u64) -> Option<u64> {
    (total_bytes != block.len() as u64).then_some(total_bytes)
}

/// An environment that an object does not show exactly.
fn not_variables(block: &[u8]) -> Option<Base64<'_>> {
    let is_variable = |entry: &[u8]| memchr::memchr(b'=', entry).is_some();
    let entries = block.strip_suffix(b"\0").unwrap_or(block);
    let is_exact = block.is_empty()
        || block.ends_with(b"\0")
            && std::str::from_utf8(block).is_ok()
            && entries.split(|byte| *byte == 0).all(is_variable);
    (!is_exact).then_some(Base64(block))
}

/// A text that does not show exactly.
fn not_utf8(text: &[u8]) -> Option<Base64<'_>> {
    std::str::from_utf8(text).err().map(|_| Base64(text))
}

fn only_true(flag: bool) -> Option<bool> {
    flag.then_some(true)
}

part! {
    /// The cgroup, if it is not that of the v2 hierarchy.
    struct PlaceRest {
        #[optional]
        cgroup_hierarchy: Option<&'static str>,
        #[optional]
        cgroup_key: Option<Decimal>,
    }
}

impl PlaceRest {
    fn new(place: Option<CgroupRef>) -> Self {
        let other = place.filter(|place| *place != CgroupRef::unified(place.unified_id));
        Self {
            cgroup_hierarchy: other.map(|place| place.cgroup.hierarchy.name()),
            cgroup_key: other.map(|place| Decimal(place.cgroup.id)),
        }
    }
}

record! {
    "fork": pub(super) struct ForkRecord {
        #[flatten]
        line: ForkLine<'static>,
        #[optional]
        creator_tid: Option<u32>,
        #[optional]
        by_tracer: Option<bool>,
        #[optional]
        exec_number: Option<NonZeroU32>,
        #[optional]
        boot_ns: Option<Decimal>,
    }
}

impl ForkRecord {
    pub(super) fn new(of: Source<'_, '_>, fork: &Fork) -> Self {
        Self {
            line: ForkLine::new(of.time(), fork, None),
            creator_tid: Some(fork.creator_tid).filter(|tid| *tid != fork.creator.pid),
            by_tracer: only_true(fork.by_tracer),
            exec_number: fork.exec_number,
            boot_ns: of.boot_ns(),
        }
    }
}

record! {
    "exit": pub(super) struct ExitRecord<'a> {
        #[flatten]
        line: ExitLine<'a>,
        #[optional]
        comm_b64: Option<Base64<'a>>,
        #[flatten]
        place: PlaceRest,
        #[flatten]
        end: EndRest,
        #[optional]
        boot_ns: Option<Decimal>,
    }
}

impl<'a> ExitRecord<'a> {
    pub(super) fn new(of: Source<'_, 'a>, exit: &Exit<'a>) -> Self {
        Self {
            line: ExitLine::new(of.event, exit, of.notes),
            comm_b64: not_utf8(exit.comm),
            place: PlaceRest::new(exit.place),
            end: EndRest::new(of.event.boot_ns, exit),
            boot_ns: of.boot_ns(),
        }
    }
}

part! {
    /// What the fields of the contract leave open of an end.
    struct EndRest {
        #[optional]
        exec_ns: Option<Decimal>,
        #[optional]
        exec_number: Option<NonZeroU32>,
    }
}

impl EndRest {
    fn new(boot_ns: u64, exit: &Exit<'_>) -> Self {
        Self {
            exec_ns: exit.exec_ns.filter(|at| *at > boot_ns).map(Decimal),
            exec_number: exit.exec_number,
        }
    }
}

record! {
    "usage": pub(super) struct UsageRecord {
        time: Time,
        id: Id,
        pid: u32,
        cpu_ns: u64,
        cpu_exact: bool,
        user_ns: u64,
        system_ns: u64,
        #[optional]
        boot_ns: Option<Decimal>,
    }
}

impl UsageRecord {
    pub(super) fn new(of: Source<'_, '_>, usage: &FinalUsage) -> Self {
        Self {
            time: of.time(),
            id: Id(usage.process),
            pid: usage.process.pid,
            cpu_ns: usage.cpu.total_ns,
            cpu_exact: usage.cpu.exact,
            user_ns: usage.cpu.user_ns,
            system_ns: usage.cpu.system_ns,
            boot_ns: of.boot_ns(),
        }
    }
}

record! {
    "existing": pub(super) struct ExistingRecord<'a> {
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
        #[optional]
        comm_b64: Option<Base64<'a>>,
        #[optional]
        pcomm_b64: Option<Base64<'a>>,
        #[optional]
        tty_b64: Option<Base64<'a>>,
        #[flatten]
        image_rest: ImageRest<'a>,
        #[flatten]
        place_rest: PlaceRest,
        #[optional]
        first_parent_id: Option<Id>,
        #[optional]
        seen_pid: Option<u32>,
        #[optional]
        doomed: Option<bool>,
        #[optional]
        exec_number: Option<NonZeroU32>,
        #[optional]
        exec_ns: Option<Decimal>,
        #[optional]
        peak_before: Option<u64>,
        #[optional]
        ended: Option<bool>,
        #[optional]
        end_ns: Option<Decimal>,
        #[optional]
        end: Option<EndRecord>,
        #[optional]
        boot_ns: Option<Decimal>,
    }
}

impl<'a> ExistingRecord<'a> {
    pub(super) fn new(of: Source<'_, 'a>, existing: &Existing<'a>) -> Self {
        let process = existing.process;
        Self {
            time: of.time(),
            id: Id(process),
            pid: process.pid,
            ppid: existing.parent.known().map(|parent| parent.pid),
            parent_id: existing.parent.known().map(Id),
            creator_id: existing.creator.map(Id),
            creator_pid: existing.creator.map(|creator| creator.pid),
            comm: known(existing.comm),
            pcomm: known(existing.parent_comm),
            uid: existing.uid,
            user: of.notes.user,
            gid: existing.gid,
            group: of.notes.group,
            session: SessionFields::new(&existing.session),
            image: ImageFields::new(existing.image, of.notes),
            execs: existing.execs,
            place: PlaceFields::new(existing.place.as_ref(), of.notes),
            ns_pid: existing.ns_pid,
            comm_b64: not_utf8(existing.comm),
            pcomm_b64: not_utf8(existing.parent_comm),
            tty_b64: existing.session.tty.and_then(not_utf8),
            image_rest: ImageRest::new(&existing.image),
            place_rest: PlaceRest::new(existing.place),
            first_parent_id: Some(existing.first_parent)
                .filter(|first| *first != existing.parent)
                .map(Id),
            seen_pid: Some(existing.seen_pid).filter(|pid| *pid != process.pid),
            doomed: only_true(existing.doomed),
            exec_number: existing.exec_number,
            exec_ns: existing.exec_ns.map(Decimal),
            peak_before: existing.peak_before,
            ended: only_true(existing.state.has_ended()),
            end_ns: end_ns(&existing.state),
            end: EndRecord::new(&existing.state),
            boot_ns: of.boot_ns(),
        }
    }
}

/// When a process ended of which nothing is awaited.
fn end_ns(state: &ExistingState<'_>) -> Option<Decimal> {
    match state {
        ExistingState::Ended { boot_ns } => boot_ns.map(Decimal),
        _ => None,
    }
}

/// The end of a process that waits for its final usage. Whose it is stands around it.
struct EndRecord {
    time: Time,
    boot_ns: u64,
    end: EndFields,
    rest: EndRest,
}

impl EndRecord {
    fn new(state: &ExistingState<'_>) -> Option<Self> {
        let ExistingState::Ending {
            time,
            boot_ns,
            exit,
        } = state
        else {
            return None;
        };
        Some(Self {
            time: Time(*time),
            boot_ns: *boot_ns,
            end: EndFields::new(*boot_ns, exit),
            rest: EndRest::new(*boot_ns, exit),
        })
    }
}

impl Serialize for EndRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_struct("EndRecord", 1)?;
        record.serialize_field("time", &self.time)?;
        record.serialize_field("boot_ns", &Decimal(self.boot_ns))?;
        self.end.add(&mut record)?;
        self.rest.add(&mut record)?;
        record.end()
    }
}

record! {
    "gone": pub(super) struct GoneRecord {
        time: Time,
        id: Id,
        #[optional]
        boot_ns: Option<Decimal>,
    }
}

impl GoneRecord {
    pub(super) fn new(of: Source<'_, '_>, process: ProcessId) -> Self {
        Self {
            time: of.time(),
            id: Id(process),
            boot_ns: of.boot_ns(),
        }
    }
}

record! {
    "cgroup": pub(super) struct CgroupRecord<'a> {
        time: Time,
        cgroup_hierarchy: &'static str,
        cgroup_key: Decimal,
        cgroup: Text<'a>,
        #[optional]
        cgroup_b64: Option<Base64<'a>>,
        #[optional]
        boot_ns: Option<Decimal>,
    }
}

impl<'a> CgroupRecord<'a> {
    pub(super) fn new(of: Source<'_, 'a>, cgroup: &Cgroup<'a>) -> Self {
        let CgroupKey { hierarchy, id } = cgroup.key;
        Self {
            time: of.time(),
            cgroup_hierarchy: Hierarchy::name(hierarchy),
            cgroup_key: Decimal(id),
            cgroup: Text(cgroup.path),
            cgroup_b64: not_utf8(cgroup.path),
            boot_ns: of.boot_ns(),
        }
    }
}

record! {
    "lost": pub(super) struct LostRecord {
        #[flatten]
        line: LostLine<'static>,
        #[optional]
        boot_ns: Option<Decimal>,
    }
}

impl LostRecord {
    pub(super) fn new(of: Source<'_, '_>, lost: &Lost) -> Self {
        Self {
            line: LostLine::new(of.time(), lost, None),
            boot_ns: of.boot_ns(),
        }
    }
}

record! {
    "clock": pub(super) struct ClockRecord {
        #[flatten]
        line: ClockLine<'static>,
        #[optional]
        first: Option<bool>,
        #[optional]
        repeated: Option<bool>,
    }
}

impl ClockRecord {
    pub(super) fn new(of: Source<'_, '_>, clock: Clock) -> Self {
        Self {
            line: ClockLine::new(of.time(), of.event.boot_ns, None),
            first: only_true(clock.first),
            repeated: None,
        }
    }

    /// What the clock was all the time.
    pub(super) fn repeated(event: &Event<'_>) -> Self {
        Self {
            line: ClockLine::new(Time(event.time), event.boot_ns, None),
            first: None,
            repeated: Some(true),
        }
    }
}
