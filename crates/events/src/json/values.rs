//! Values of fields, as records show them.

use std::fmt;
use std::fmt::Write as _;

use data_encoding::BASE64;
use jiff::Timestamp;
use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeSeq as _;

use crate::argv::Argv;
use crate::env;
use crate::event::ProcessId;
use crate::lineage::Ancestor;
use crate::text::fastfmt::InlineText;

pub(crate) struct Time(pub(crate) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(InlineText::time(self.0).as_str())
    }
}

pub(crate) struct Id(pub(crate) ProcessId);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(InlineText::process(self.0).as_str())
    }
}

/// A number that may exceed 2^53, as a string.
pub(crate) struct Decimal(pub(crate) u64);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(InlineText::decimal(self.0).as_str())
    }
}

pub(crate) struct Text<'a>(pub(crate) &'a [u8]);

/// A name; an empty one is not known.
pub(crate) fn known(name: &[u8]) -> Option<Text<'_>> {
    (!name.is_empty()).then_some(Text(name))
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.collect_str(self),
        }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

pub(crate) struct Texts<'a>(pub(crate) Argv<'a>);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|arg| arg.map(Text)))
    }
}

/// An environment, as an object.
pub(crate) struct Env<'a>(pub(crate) Argv<'a>);

impl Serialize for Env<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.0.iter().flatten().map(env::split);
        serializer.collect_map(entries.map(|(name, value)| (Text(name), Text(value))))
    }
}

/// A terminal's device below /dev.
pub(crate) struct Tty<'a>(pub(crate) (&'static str, &'a [u8]));

impl Serialize for Tty<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (directory, name) = self.0;
        serializer.collect_str(&format_args!("{directory}{}", Text(name)))
    }
}

pub(crate) struct Base64s<'a>(pub(crate) Argv<'a>);

impl Serialize for Base64s<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for arg in self.0.iter() {
            list.serialize_element(&arg.map(|arg| BASE64.encode(arg)))?;
        }
        list.end()
    }
}

/// Bytes, exactly.
pub(crate) struct Base64<'a>(pub(crate) &'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&BASE64.encode_display(self.0))
    }
}

/// The list of ancestors; their arguments only where they are given.
pub(crate) struct Ancestors<'a>(pub(crate) &'a [Ancestor<'a>]);

#[derive(Serialize)]
struct AncestorFields<'a> {
    id: Id,
    pid: u32,
    comm: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Texts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shortened: Option<bool>,
}

impl Serialize for Ancestors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|ancestor| AncestorFields {
            id: Id(ancestor.process),
            pid: ancestor.process.pid,
            comm: known(ancestor.comm),
            args: ancestor.args.filter(|args| !args.is_unknown()).map(Texts),
            shortened: ancestor.args.filter(Argv::is_shortened).map(|_| true),
        }))
    }
}

/// Asked of the whole block at once: NULs are UTF-8, and stand in no character but their own.
pub(crate) fn all_utf8(args: &Argv<'_>) -> bool {
    let (block, _, _) = args.parts();
    std::str::from_utf8(block).is_ok()
}
