//! Texts of an event, exactly.

use super::error::LineError;
use super::value::Room;
use super::value::Value;

/// Memory for the texts of one event.
#[derive(Debug)]
pub(super) struct Texts<'a> {
    pub room: Room<'a>,
    /// For one list of arguments.
    pub unreadable: Option<&'a mut Vec<u32>>,
}

impl<'a> Texts<'a> {
    pub(super) fn new(room: &'a mut [u8], unreadable: &'a mut Vec<u32>) -> Self {
        Self {
            room: Room::new(room),
            unreadable: Some(unreadable),
        }
    }
}

/// A text, or the exact bytes of it if they are there.
#[inline]
pub(super) fn text<'a>(
    shown: Value<'a>,
    exact: Value<'a>,
    texts: &mut Texts<'a>,
) -> Result<Option<&'a [u8]>, LineError> {
    match exact.is_there() {
        true => exact.base64(&mut texts.room).map(Some),
        false => shown.known(|shown| shown.text(&mut texts.room)),
    }
}
