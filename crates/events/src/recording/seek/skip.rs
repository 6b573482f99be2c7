//! Skips the frames before a time, without looking at each of them.

use super::read_at::ReadAt;
use super::walk::Walk;
use crate::recording::damage::ReadError;
use crate::recording::index::FrameFlags;
use crate::recording::index::IndexEntry;

/// The search ends when this little is left, in bytes: the rest is read at once.
const NARROW: u64 = if cfg!(test) { 100 } else { 128 << 10 };

/// The last header or checkpoint before every frame that is not early, or one before it.
///
/// The search relies on what the recorder noted in each entry: the latest time up to there, and the
/// place. Where the place is not the offset, frames were lost or recordings were joined, and what
/// one entry says of the others is not true: then it is the start of the file.
pub(super) fn skip_early<F: ReadAt>(
    walk: &mut Walk<'_, F>,
    since_ns: i64,
) -> Result<u64, ReadError> {
    let first = walk.entry(0)?;
    let Some(first) = first.filter(|it| it.flags.has(FrameFlags::HEADER)) else {
        return Ok(0);
    };
    let is_in_place = |it: &(u64, IndexEntry)| it.1.stream == first.stream && it.1.position == it.0;
    let mut early = (0, first);
    let mut late = walk.len();
    while late - early.0 > NARROW && early.1.latest_ns < since_ns {
        let middle = early.0 + (late - early.0) / 2;
        match walk.entry_from(middle, late)? {
            None => late = middle,
            Some(found) if !is_in_place(&found) => return Ok(0),
            Some(found) if found.1.latest_ns < since_ns => early = found,
            Some(_) => late = middle,
        }
    }
    beginning_before(walk, &early)
}

/// The header or checkpoint that an entry points to, if it is there.
fn beginning_before<F: ReadAt>(
    walk: &mut Walk<'_, F>,
    from: &(u64, IndexEntry),
) -> Result<u64, ReadError> {
    let Some(place) = from.0.checked_sub(from.1.back.into()) else {
        return Ok(0);
    };
    let entry = walk.entry(place)?;
    let is_beginning = |it: IndexEntry| it.flags.is_beginning() && it.stream == from.1.stream;
    Ok(if entry.is_some_and(is_beginning) {
        place
    } else {
        0
    })
}
