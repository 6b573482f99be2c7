//! The image of an exec, or of an existing process.

use super::error::LineError;
use super::fields::Fields;
use super::fields::field;
use super::scan::Kind;
use super::tables::Table;
use super::texts::Texts;
use super::texts::text;
use super::value::Filling;
use super::value::Room;
use super::value::Value;
use crate::argv::Argv;
use crate::argv::ArgvRest;
use crate::event::ExecFile;
use crate::event::Image;
use crate::event::PathRoot;
use crate::event::Redacted;
use crate::recording::records::REDACTED_IN;

pub(super) fn image<'a, T: Table>(
    fields: &Fields<'a, '_, T>,
    texts: &mut Texts<'a>,
) -> Result<Image<'a>, LineError> {
    let filename = field!(fields, T, "filename");
    Ok(Image {
        filename: text(filename, field!(fields, T, "filename_b64"), texts)?,
        exe: text(
            field!(fields, T, "exe"),
            field!(fields, T, "exe_b64"),
            texts,
        )?,
        exe_root: path_root(field!(fields, T, "exe_root"))?,
        script: field!(fields, T, "script").is_there()
            || field!(fields, T, "is_script").is_set()?,
        secure: field!(fields, T, "secure").is_set()? || field!(fields, T, "is_secure").is_set()?,
        file: file(fields)?,
        args: args(fields, texts)?,
        cwd: text(
            field!(fields, T, "cwd"),
            field!(fields, T, "cwd_b64"),
            texts,
        )?,
        cwd_root: path_root(field!(fields, T, "cwd_root"))?,
        env: env(fields, &mut texts.room)?,
        redacted: redacted(fields)?,
    })
}

fn redacted<T: Table>(fields: &Fields<'_, '_, T>) -> Result<Redacted, LineError> {
    let parts = field!(fields, T, "redacted_in").known(|parts| parts.word(&REDACTED_IN))?;
    Ok(Redacted {
        texts: field!(fields, T, "redacted").is_set()? && parts != Some(0),
        env: parts.is_some(),
    })
}

fn path_root(name: Value<'_>) -> Result<Option<PathRoot>, LineError> {
    let index = name.known(|name| name.word(PathRoot::NAMES))?;
    Ok(index.map(|index| PathRoot::ALL[index]))
}

fn file<T: Table>(fields: &Fields<'_, '_, T>) -> Result<Option<ExecFile>, LineError> {
    let Some(inode) = field!(fields, T, "file_ino").known(Value::decimal)? else {
        return Ok(None);
    };
    let links = field!(fields, T, "file_links").known(Value::number)?;
    Ok(Some(ExecFile {
        device: field!(fields, T, "file_dev").number()?,
        inode,
        links: links.unwrap_or(1),
    }))
}

fn args<'a, T: Table>(
    fields: &Fields<'a, '_, T>,
    texts: &mut Texts<'a>,
) -> Result<Argv<'a>, LineError> {
    let (shown, exact) = (field!(fields, T, "args"), field!(fields, T, "args_b64"));
    let list = if exact.is_there() { exact } else { shown };
    let is_cut = field!(fields, T, "args_cut").is_set()?;
    let (block, unreadable) = match (list.is_there(), texts.unreadable.take()) {
        (true, Some(unreadable)) => {
            let block = joined(list, exact.is_there(), &mut texts.room, unreadable)?;
            (block, &unreadable[..])
        }
        _ => (&b""[..], &[][..]),
    };
    let block = match is_cut {
        true => block.strip_suffix(b"\0").unwrap_or(block),
        false => block,
    };
    let total_bytes = field!(fields, T, "args_bytes").known(Value::number)?;
    let rest = ArgvRest {
        total_bytes: total_bytes.unwrap_or(block.len() as u64),
        complete: field!(fields, T, "args_complete").flag()?,
        shortened: field!(fields, T, "args_shortened").is_set()?,
    };
    Ok(Argv::from_parts(block, unreadable, rest))
}

/// The arguments of a list, with a NUL after each.
fn joined<'a>(
    list: Value<'a>,
    is_base64: bool,
    room: &mut Room<'a>,
    unreadable: &mut Vec<u32>,
) -> Result<&'a [u8], LineError> {
    unreadable.clear();
    let mut elements = list.inside(Kind::List)?;
    room.take(|filling| {
        let mut is_first = true;
        let mut number = 0;
        while let Some(place) = elements.next_element(&mut is_first)? {
            let element = Value {
                name: list.name,
                kind: place.kind,
                text: &list.text[place.start as usize..place.end as usize],
            };
            match element.kind {
                Kind::Null => unreadable.push(number),
                _ if is_base64 => element.add_base64_to(filling)?,
                _ => add(element, filling)?,
            }
            end_of_one(list, filling)?;
            number += 1;
        }
        Ok(())
    })
}

fn add(element: Value<'_>, filling: &mut Filling<'_>) -> Result<(), LineError> {
    let added = filling.add_string(element.text, element.kind);
    added.map_err(|problem| element.is_wrong(problem))
}

fn end_of_one(list: Value<'_>, filling: &mut Filling<'_>) -> Result<(), LineError> {
    let added = filling.add(b"\0");
    added.map_err(|problem| list.is_wrong(problem))
}

fn env<'a, T: Table>(
    fields: &Fields<'a, '_, T>,
    room: &mut Room<'a>,
) -> Result<Option<Argv<'a>>, LineError> {
    let (shown, exact) = (field!(fields, T, "env"), field!(fields, T, "env_b64"));
    if !shown.is_there() {
        return Ok(None);
    }
    let block = match exact.is_there() {
        true => exact.base64(room)?,
        false => variables(shown, room)?,
    };
    let total_bytes = field!(fields, T, "env_bytes").known(Value::number)?;
    let rest = ArgvRest {
        total_bytes: total_bytes.unwrap_or(block.len() as u64),
        complete: !field!(fields, T, "env_incomplete").is_set()?,
        shortened: field!(fields, T, "env_shortened").is_set()?,
    };
    Ok(Some(Argv::from_parts(block, &[], rest)))
}

/// The variables of an object, as `NAME=value` with a NUL after each.
fn variables<'a>(object: Value<'a>, room: &mut Room<'a>) -> Result<&'a [u8], LineError> {
    let mut entries = object.inside(Kind::Object)?;
    room.take(|filling| {
        let mut is_first = true;
        while let Some((name, value)) = entries.next_entry(&mut is_first)? {
            for (place, behind) in [(name, b"="), (value, b"\0")] {
                let part = Value {
                    name: object.name,
                    kind: place.kind,
                    text: &object.text[place.start as usize..place.end as usize],
                };
                add(part, filling)?;
                let added = filling.add(behind);
                added.map_err(|problem| object.is_wrong(problem))?;
            }
        }
        Ok(())
    })
}
