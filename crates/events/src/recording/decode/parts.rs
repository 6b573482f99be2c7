//! Parts of events that several records have.

use std::num::NonZeroU32;

use super::error::LineError;
use super::error::Problem;
use super::fields::Fields;
use super::fields::field;
use super::tables::Table;
use super::texts::Texts;
use super::texts::text;
use super::value::Value;
use crate::event::CgroupKey;
use crate::event::CgroupRef;
use crate::event::Cost;
use crate::event::Cpu;
use crate::event::Exit;
use crate::event::ExitStatus;
use crate::event::Hierarchy;
use crate::event::Io;
use crate::event::LoginSession;
use crate::event::ProcessId;

/// The names that the recorded machine gave to the user and the group of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Names<'a> {
    /// Of the real user id.
    pub user: Option<&'a str>,
    /// Of the real group id.
    pub group: Option<&'a str>,
}

pub(super) fn names<'a, T: Table>(
    fields: &Fields<'a, '_, T>,
    texts: &mut Texts<'a>,
) -> Result<Names<'a>, LineError> {
    let room = &mut texts.room;
    Ok(Names {
        user: field!(fields, T, "user").known(|name| name.characters(room))?,
        group: field!(fields, T, "group").known(|name| name.characters(room))?,
    })
}

/// A name, which is empty if it is not known.
#[inline]
pub(super) fn name<'a>(
    shown: Value<'a>,
    exact: Value<'a>,
    texts: &mut Texts<'a>,
) -> Result<&'a [u8], LineError> {
    Ok(text(shown, exact, texts)?.unwrap_or_default())
}

pub(super) fn parent<T: Table>(fields: &Fields<'_, '_, T>) -> Result<ProcessId, LineError> {
    let parent = field!(fields, T, "parent_id").known(Value::process)?;
    Ok(parent.unwrap_or(ProcessId::UNKNOWN))
}

pub(super) fn exec_number<T: Table>(
    fields: &Fields<'_, '_, T>,
) -> Result<Option<NonZeroU32>, LineError> {
    let number = field!(fields, T, "exec_number");
    let known = number.known(Value::number)?;
    known
        .map(|known| NonZeroU32::new(known).ok_or_else(|| number.is_wrong(Problem::Range)))
        .transpose()
}

pub(super) fn session<'a, T: Table>(
    fields: &Fields<'a, '_, T>,
    texts: &mut Texts<'a>,
) -> Result<LoginSession<'a>, LineError> {
    Ok(LoginSession {
        login_uid: field!(fields, T, "login_uid").known(Value::number)?,
        audit_id: field!(fields, T, "audit_session").known(Value::number)?,
        leader: field!(fields, T, "sid").known(Value::number)?,
        tty: tty(
            field!(fields, T, "tty"),
            field!(fields, T, "tty_b64"),
            texts,
        )?,
    })
}

/// The device of a terminal, of which a record has the name below /dev: `pts/3` is `pts3`.
fn tty<'a>(
    shown: Value<'a>,
    exact: Value<'a>,
    texts: &mut Texts<'a>,
) -> Result<Option<&'a [u8]>, LineError> {
    let Some(name) = text(shown, exact, texts)? else {
        return Ok(None);
    };
    match name.strip_prefix(b"pts/") {
        Some(number) if !exact.is_there() => {
            let joined = texts.room.take(|filling| {
                filling.add(b"pts")?;
                filling.add(number)
            });
            joined.map(Some).map_err(|problem| shown.is_wrong(problem))
        }
        _ => Ok(Some(name)),
    }
}

pub(super) fn place<T: Table>(fields: &Fields<'_, '_, T>) -> Result<Option<CgroupRef>, LineError> {
    let Some(unified_id) = field!(fields, T, "cgroup_id").known(Value::decimal)? else {
        return Ok(None);
    };
    let key = field!(fields, T, "cgroup_key").known(Value::decimal)?;
    let Some(id) = key else {
        return Ok(Some(CgroupRef::unified(unified_id)));
    };
    let hierarchy = hierarchy(field!(fields, T, "cgroup_hierarchy"))?;
    Ok(Some(CgroupRef {
        unified_id,
        cgroup: CgroupKey { hierarchy, id },
    }))
}

pub(super) fn hierarchy(name: Value<'_>) -> Result<Hierarchy, LineError> {
    Ok(Hierarchy::ALL[name.word(Hierarchy::NAMES)?])
}

pub(super) fn cpu<T: Table>(fields: &Fields<'_, '_, T>) -> Result<Cpu, LineError> {
    Ok(Cpu {
        total_ns: field!(fields, T, "cpu_ns").number()?,
        exact: field!(fields, T, "cpu_exact").flag()?,
        user_ns: field!(fields, T, "user_ns").number()?,
        system_ns: field!(fields, T, "system_ns").number()?,
    })
}

/// How a process ended, at this time; whose end it is stands elsewhere.
pub(super) fn end<T: Table>(
    fields: &Fields<'_, '_, T>,
    boot_ns: u64,
) -> Result<Exit<'static>, LineError> {
    Ok(Exit {
        status: status(fields)?,
        oom_killed: field!(fields, T, "oom_killed").known(Value::flag)?,
        by_exec: field!(fields, T, "fatal").is_set()?,
        exec_ns: exec_ns(fields, boot_ns)?,
        exec_number: exec_number(fields)?,
        cost: match field!(fields, T, "cpu_ns").is_there() {
            true => Some(cost(fields)?),
            false => None,
        },
        ..Exit::of(ProcessId::UNKNOWN)
    })
}

fn status<T: Table>(fields: &Fields<'_, '_, T>) -> Result<Option<ExitStatus>, LineError> {
    let how = field!(fields, T, "exit");
    let Some(how) = how.known(|how| how.word(&["exited", "killed"]))? else {
        return Ok(None);
    };
    Ok(Some(match how {
        0 => ExitStatus::Code(field!(fields, T, "code").number()?),
        _ => ExitStatus::Signal {
            number: field!(fields, T, "signal").number()?,
            core_dumped: field!(fields, T, "core_dumped").is_set()?,
        },
    }))
}

fn exec_ns<T: Table>(fields: &Fields<'_, '_, T>, boot_ns: u64) -> Result<Option<u64>, LineError> {
    if let Some(exec_ns) = field!(fields, T, "exec_ns").known(Value::decimal)? {
        return Ok(Some(exec_ns));
    }
    let lifetime = field!(fields, T, "exec_lifetime_ns");
    let Some(lived) = lifetime.known(Value::number::<u64>)? else {
        return Ok(None);
    };
    let exec_ns = boot_ns.checked_sub(lived);
    exec_ns
        .map(Some)
        .ok_or_else(|| lifetime.is_wrong(Problem::Range))
}

fn cost<T: Table>(fields: &Fields<'_, '_, T>) -> Result<Cost, LineError> {
    Ok(Cost {
        cpu: cpu(fields)?,
        max_rss_bytes: field!(fields, T, "max_rss_bytes").known(Value::number)?,
        peak_rss_bytes: field!(fields, T, "peak_rss_bytes").number()?,
        minor_faults: field!(fields, T, "minor_faults").number()?,
        major_faults: field!(fields, T, "major_faults").number()?,
        voluntary_switches: field!(fields, T, "voluntary_switches").number()?,
        involuntary_switches: field!(fields, T, "involuntary_switches").number()?,
        io: match field!(fields, T, "read_bytes").is_there() {
            true => Some(io(fields)?),
            false => None,
        },
    })
}

fn io<T: Table>(fields: &Fields<'_, '_, T>) -> Result<Io, LineError> {
    Ok(Io {
        read_bytes: field!(fields, T, "read_bytes").number()?,
        write_bytes: field!(fields, T, "write_bytes").number()?,
        read_chars: field!(fields, T, "read_chars").number()?,
        write_chars: field!(fields, T, "write_chars").number()?,
    })
}
