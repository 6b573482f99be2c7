//! From lines to events.
//!
//! Lines may be of a later version, or damaged, or made by another program: whatever the bytes are,
//! they give an event or an error. An event borrows its texts from its line, or from memory of the
//! decoder that is as long as the line.

mod error;
mod fields;
mod image;
mod minute;
mod parts;
mod scan;
mod tables;
#[cfg(test)]
mod tests;
mod texts;
mod value;

use jiff::Timestamp;

use self::fields::Fields;
use self::fields::field;
use self::image::image;
use self::minute::Minute;
use self::parts::cpu;
use self::parts::end;
use self::parts::exec_number;
use self::parts::hierarchy;
use self::parts::name;
use self::parts::names;
use self::parts::parent;
use self::parts::place;
use self::parts::session;
use self::scan::Place;
use self::tables::AnyTable;
use self::tables::CgroupTable;
use self::tables::ClockTable;
use self::tables::EndTable;
use self::tables::ExecTable;
use self::tables::ExistingTable;
use self::tables::ExitTable;
use self::tables::ForkTable;
use self::tables::GoneTable;
use self::tables::LostTable;
use self::tables::MOST;
use self::tables::Table;
use self::tables::UsageTable;
use self::texts::Texts;
use self::texts::text;
use self::value::Value;
use super::header::End;
use super::header::Header;
use super::relation::Relation;
use crate::event::Cgroup;
use crate::event::CgroupKey;
use crate::event::Clock;
use crate::event::CountedKind;
use crate::event::Event;
use crate::event::EventData;
use crate::event::Exec;
use crate::event::Existing;
use crate::event::ExistingState;
use crate::event::Exit;
use crate::event::FinalUsage;
use crate::event::Fork;
use crate::event::Loss;
use crate::event::Lost;

pub(crate) use self::tables::RECORD_FIELDS;

pub use self::error::LineError;
pub use self::error::Problem;
pub use self::parts::Names;

/// What a line is.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "an event is lent on, never stored"
)]
pub enum Decoded<'a> {
    /// The first record of a file.
    Header(Box<Header>),
    /// The last record of a file.
    End(Box<End>),
    /// An event.
    Event(Event<'a>, Names<'a>),
    /// What the clock was all the time, for who begins to read here.
    Clock,
    /// A record of a type that this version does not know: to be skipped.
    Unknown,
}

/// Turns the lines of a recording into events.
#[derive(Debug)]
pub struct Decoder {
    clock: Option<Relation>,
    places: Box<[Place; MOST]>,
    /// As long as the longest line.
    room: Vec<u8>,
    /// Of the last list of arguments.
    unreadable: Vec<u32>,
    minute: Minute,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            clock: None,
            places: Box::new([Place::default(); MOST]),
            room: Vec::new(),
            unreadable: Vec::new(),
            minute: Minute::default(),
        }
    }
}

/// What an event needs besides its own fields.
struct Context<'a, 'd> {
    minute: &'d mut Minute,
    clock: &'d mut Option<Relation>,
    texts: Texts<'a>,
}

impl Decoder {
    /// What a line is, with its newline or without.
    ///
    /// # Errors
    ///
    /// If it is no record, or a value of it is not what it should be.
    pub fn decode<'a>(&'a mut self, line: &'a [u8]) -> Result<Decoded<'a>, LineError> {
        if std::str::from_utf8(line).is_err() {
            return Err(Problem::Syntax.of(None, line));
        }
        if self.room.len() < line.len() {
            self.room.resize(line.len(), 0);
        }
        let Self {
            clock,
            places,
            room,
            unreadable,
            minute,
        } = self;
        let mut context = Context {
            minute,
            clock,
            texts: Texts::new(room, unreadable),
        };
        match kind(line, places)? {
            b"exec" => context.exec(&Fields::scan(line, places)?),
            b"exit" => context.exit(&Fields::scan(line, places)?),
            b"fork" => context.fork(&Fields::scan(line, places)?),
            b"usage" => context.usage(&Fields::scan(line, places)?),
            b"existing" => context.existing(line, places),
            b"gone" => context.gone(&Fields::scan(line, places)?),
            b"cgroup" => context.cgroup(&Fields::scan(line, places)?),
            b"lost" => context.lost(&Fields::scan(line, places)?),
            b"clock" => context.clock(&Fields::scan(line, places)?),
            b"header" => context.header(line),
            b"end" => Ok(Decoded::End(Box::new(End::parse(line)?))),
            _ => Ok(Decoded::Unknown),
        }
    }

    /// Forgets how the clocks relate: what follows is of another stream.
    pub fn reset(&mut self) {
        self.clock = None;
    }
}

/// The type of a record.
fn kind<'l>(line: &'l [u8], places: &mut [Place; MOST]) -> Result<&'l [u8], LineError> {
    if let Some(kind) = line.strip_prefix(b"{\"type\":\"")
        && let Some(end) = kind.iter().take(16).position(|byte| *byte == b'"')
    {
        return Ok(&kind[..end]);
    }
    let fields = Fields::<AnyTable>::scan(line, places)?;
    let kind = field!(fields, AnyTable, "type");
    match kind.kind {
        scan::Kind::Plain => Ok(kind.text),
        scan::Kind::Escaped => Ok(b""), // no type that is known is written so
        _ => Err(kind.is_wrong(Problem::Type)),
    }
}

impl<'a> Context<'a, '_> {
    /// When something happened, in both clocks. The second is in the record if it does not follow
    /// from the first.
    fn when(&mut self, time: Value<'_>, boot_ns: Value<'_>) -> Result<(Timestamp, u64), LineError> {
        let at = time.time(self.minute)?;
        if let Some(boot_ns) = boot_ns.known(Value::decimal)? {
            return Ok((at, boot_ns));
        }
        let Some(clock) = &self.clock else {
            return Err(time.is_wrong(Problem::Clock));
        };
        let boot_ns = clock.boot_ns(at);
        Ok((at, boot_ns.ok_or_else(|| time.is_wrong(Problem::Range))?))
    }

    fn event<T: Table>(
        &mut self,
        fields: &Fields<'a, '_, T>,
        data: EventData<'a>,
        names: Names<'a>,
    ) -> Result<Decoded<'a>, LineError> {
        let (time, boot_ns) = self.when(field!(fields, T, "time"), field!(fields, T, "boot_ns"))?;
        let event = Event {
            time,
            boot_ns,
            data,
        };
        Ok(Decoded::Event(event, names))
    }

    fn exec(&mut self, fields: &Fields<'a, '_, ExecTable>) -> Result<Decoded<'a>, LineError> {
        type T = ExecTable;
        let texts = &mut self.texts;
        let id = field!(fields, T, "id").process()?;
        let image = image(fields, texts)?;
        let exec = Exec {
            tid: field!(fields, T, "tid").number()?,
            parent: parent(fields)?,
            comm: name(
                field!(fields, T, "comm"),
                field!(fields, T, "comm_b64"),
                texts,
            )?,
            parent_comm: name(
                field!(fields, T, "pcomm"),
                field!(fields, T, "pcomm_b64"),
                texts,
            )?,
            uid: field!(fields, T, "uid").known(Value::number)?,
            euid: field!(fields, T, "euid").known(Value::number)?,
            gid: field!(fields, T, "gid").known(Value::number)?,
            egid: field!(fields, T, "egid").known(Value::number)?,
            session: session(fields, texts)?,
            cpu: field!(fields, T, "cpu").known(Value::number)?,
            ret: field!(fields, T, "ret").signed()?,
            fatal: field!(fields, T, "fatal").is_set()?,
            place: place(fields)?,
            ns_pid: field!(fields, T, "ns_pid").known(Value::number)?,
            pid_ns: field!(fields, T, "pid_ns").known(Value::number)?,
            mnt_ns: field!(fields, T, "mnt_ns").known(Value::number)?,
            exec_number: exec_number(fields)?,
            peak_before: field!(fields, T, "peak_before").known(Value::number)?,
            ..Exec::of_image(id, &image)
        };
        let names = names(fields, texts)?;
        self.event(fields, EventData::Exec(exec), names)
    }

    fn fork(&mut self, fields: &Fields<'a, '_, ForkTable>) -> Result<Decoded<'a>, LineError> {
        type T = ForkTable;
        let creator = field!(fields, T, "creator_id").process()?;
        let creator_tid = field!(fields, T, "creator_tid").known(Value::number)?;
        let fork = Fork {
            process: field!(fields, T, "id").process()?,
            creator,
            creator_tid: creator_tid.unwrap_or(creator.pid),
            vfork: field!(fields, T, "vfork").known(Value::flag)?,
            by_tracer: field!(fields, T, "by_tracer").is_set()?,
            exec_number: exec_number(fields)?,
            ns_pid: field!(fields, T, "ns_pid").known(Value::number)?,
        };
        self.event(fields, EventData::Fork(fork), Names::default())
    }

    fn exit(&mut self, fields: &Fields<'a, '_, ExitTable>) -> Result<Decoded<'a>, LineError> {
        type T = ExitTable;
        let (_, boot_ns) = self.when(field!(fields, T, "time"), field!(fields, T, "boot_ns"))?;
        let texts = &mut self.texts;
        let exit = Exit {
            process: field!(fields, T, "id").process()?,
            parent: parent(fields)?,
            comm: name(
                field!(fields, T, "comm"),
                field!(fields, T, "comm_b64"),
                texts,
            )?,
            uid: field!(fields, T, "uid").known(Value::number)?,
            gid: field!(fields, T, "gid").known(Value::number)?,
            place: place(fields)?,
            ns_pid: field!(fields, T, "ns_pid").known(Value::number)?,
            ..end(fields, boot_ns)?
        };
        let names = names(fields, texts)?;
        self.event(fields, EventData::Exit(exit), names)
    }

    fn usage(&mut self, fields: &Fields<'a, '_, UsageTable>) -> Result<Decoded<'a>, LineError> {
        let usage = FinalUsage {
            process: field!(fields, UsageTable, "id").process()?,
            cpu: cpu(fields)?,
        };
        self.event(fields, EventData::FinalUsage(usage), Names::default())
    }

    fn existing(
        &mut self,
        line: &'a [u8],
        places: &mut [Place; MOST],
    ) -> Result<Decoded<'a>, LineError> {
        type T = ExistingTable;
        let fields = &Fields::<T>::scan(line, places)?;
        let texts = &mut self.texts;
        let process = field!(fields, T, "id").process()?;
        let parent = parent(fields)?;
        let first_parent = field!(fields, T, "first_parent_id").known(Value::process)?;
        let seen_pid = field!(fields, T, "seen_pid").known(Value::number)?;
        let mut existing = Existing {
            first_parent: first_parent.unwrap_or(parent),
            creator: field!(fields, T, "creator_id").known(Value::process)?,
            comm: name(
                field!(fields, T, "comm"),
                field!(fields, T, "comm_b64"),
                texts,
            )?,
            parent_comm: name(
                field!(fields, T, "pcomm"),
                field!(fields, T, "pcomm_b64"),
                texts,
            )?,
            uid: field!(fields, T, "uid").known(Value::number)?,
            gid: field!(fields, T, "gid").known(Value::number)?,
            place: place(fields)?,
            ns_pid: field!(fields, T, "ns_pid").known(Value::number)?,
            seen_pid: seen_pid.unwrap_or(process.pid),
            session: session(fields, texts)?,
            image: image(fields, texts)?,
            doomed: field!(fields, T, "doomed").is_set()?,
            exec_number: exec_number(fields)?,
            execs: field!(fields, T, "execs").number()?,
            exec_ns: field!(fields, T, "exec_ns").known(Value::decimal)?,
            peak_before: field!(fields, T, "peak_before").known(Value::number)?,
            ..Existing::alive(process, parent)
        };
        let names = names(fields, texts)?;
        let end = field!(fields, T, "end");
        existing.state = match field!(fields, T, "ended").is_set()? {
            true => ExistingState::Ended {
                boot_ns: field!(fields, T, "end_ns").known(Value::decimal)?,
            },
            false => ExistingState::Alive,
        };
        let when = self.when(field!(fields, T, "time"), field!(fields, T, "boot_ns"))?;
        if end.is_there() {
            existing.state = self.ending(&existing, end, places)?;
        }
        let event = Event {
            time: when.0,
            boot_ns: when.1,
            data: EventData::Existing(existing),
        };
        Ok(Decoded::Event(event, names))
    }

    /// The end of a process that waits for its final usage.
    fn ending(
        &mut self,
        existing: &Existing<'a>,
        end_of_it: Value<'a>,
        places: &mut [Place; MOST],
    ) -> Result<ExistingState<'a>, LineError> {
        type T = EndTable;
        let fields = &Fields::<T>::scan(end_of_it.text, places)?;
        let boot_ns = field!(fields, T, "boot_ns").decimal()?;
        Ok(ExistingState::Ending {
            time: field!(fields, T, "time").time(self.minute)?,
            boot_ns,
            exit: Exit {
                process: existing.process,
                parent: existing.parent,
                comm: existing.comm,
                uid: existing.uid,
                gid: existing.gid,
                place: existing.place,
                ns_pid: existing.ns_pid,
                ..end(fields, boot_ns)?
            },
        })
    }

    fn gone(&mut self, fields: &Fields<'a, '_, GoneTable>) -> Result<Decoded<'a>, LineError> {
        let process = field!(fields, GoneTable, "id").process()?;
        self.event(fields, EventData::Gone(process), Names::default())
    }

    fn cgroup(&mut self, fields: &Fields<'a, '_, CgroupTable>) -> Result<Decoded<'a>, LineError> {
        type T = CgroupTable;
        let path = field!(fields, T, "cgroup");
        let exact = field!(fields, T, "cgroup_b64");
        let cgroup = Cgroup {
            key: CgroupKey {
                hierarchy: hierarchy(field!(fields, T, "cgroup_hierarchy"))?,
                id: field!(fields, T, "cgroup_key").decimal()?,
            },
            path: text(path, exact, &mut self.texts)?
                .ok_or_else(|| path.is_wrong(Problem::Type))?,
        };
        self.event(fields, EventData::Cgroup(cgroup), Names::default())
    }

    fn lost(&mut self, fields: &Fields<'a, '_, LostTable>) -> Result<Decoded<'a>, LineError> {
        type T = LostTable;
        let kinds = CountedKind::ALL.map(CountedKind::name);
        let reasons = Loss::ALL.map(Loss::name);
        let lost = Lost {
            kind: CountedKind::ALL[field!(fields, T, "kind").word(&kinds)?],
            count: field!(fields, T, "count").number()?,
            reason: Loss::ALL[field!(fields, T, "reason").word(&reasons)?],
        };
        self.event(fields, EventData::Lost(lost), Names::default())
    }

    fn clock(&mut self, fields: &Fields<'a, '_, ClockTable>) -> Result<Decoded<'a>, LineError> {
        type T = ClockTable;
        let time = field!(fields, T, "time").time(self.minute)?;
        let boot_ns = field!(fields, T, "boot_ns").decimal()?;
        *self.clock = Some(Relation::new(time, boot_ns));
        if field!(fields, T, "repeated").is_set()? {
            return Ok(Decoded::Clock);
        }
        let clock = Clock {
            first: field!(fields, T, "first").is_set()?,
        };
        self.event(fields, EventData::Clock(clock), Names::default())
    }

    fn header(&mut self, line: &[u8]) -> Result<Decoded<'a>, LineError> {
        let header = Header::parse(line)?;
        *self.clock = Some(Relation::new(header.time, header.boot_ns));
        Ok(Decoded::Header(Box::new(header)))
    }
}
