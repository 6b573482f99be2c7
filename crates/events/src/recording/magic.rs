//! What a place in a recording begins with.

use super::index::ENTRY_LEN;
use super::index::ENTRY_MAGIC;
use super::index::SIGNATURE;

/// The first bytes of a zstd frame.
pub(super) const ZSTD_MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();

/// The bytes that tell what follows: magic, length and the signature of an index entry.
pub(super) const ENOUGH: usize = 16;

/// What begins here, as its first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// An index entry, good or damaged, of this many bytes.
    Entry(usize),
    /// A skippable frame that is not ours, of this many bytes.
    Skippable(u64),
    /// A zstd frame.
    Zstd,
    /// Nothing that a recording has.
    Unknown,
}

impl Begins {
    /// Looks at the first [`ENOUGH`] bytes, or at all that are left.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let Some((magic, rest)) = bytes.split_first_chunk::<4>() else {
            return Self::Unknown;
        };
        if *magic == ZSTD_MAGIC {
            return Self::Zstd;
        }
        let Some((length, content)) = rest.split_first_chunk::<4>() else {
            return Self::Unknown;
        };
        match is_skippable(magic) {
            true => Self::skippable(*magic, u32::from_le_bytes(*length), content),
            false => Self::Unknown,
        }
    }

    fn skippable(magic: [u8; 4], length: u32, content: &[u8]) -> Self {
        let whole = u64::from(length) + 8;
        // One of the two may be damaged: then it is an index entry, and a bad one.
        let is_like_ours = magic == ENTRY_MAGIC && whole == ENTRY_LEN as u64;
        match content.starts_with(SIGNATURE) || is_like_ours {
            true => Self::Entry(usize::try_from(whole).unwrap_or(usize::MAX)),
            false => Self::Skippable(whole),
        }
    }
}

/// Whether a zstd frame that begins here has a checksum and says how long its text is.
pub(super) fn is_verifiable(frame: &[u8]) -> bool {
    const CHECKSUM: u8 = 1 << 2;
    const SINGLE_SEGMENT: u8 = 1 << 5;
    const SIZE_FIELD: u8 = 3 << 6;
    let Some(descriptor) = frame.get(ZSTD_MAGIC.len()) else {
        return false;
    };
    descriptor & CHECKSUM != 0 && descriptor & (SINGLE_SEGMENT | SIZE_FIELD) != 0
}

/// Whether these bytes can be the beginning of a frame of which the rest is missing.
pub(super) fn is_cut_magic(bytes: &[u8]) -> bool {
    [ZSTD_MAGIC, ENTRY_MAGIC]
        .iter()
        .any(|magic| !bytes.is_empty() && bytes.iter().zip(magic).all(|(a, b)| a == b))
}

/// The formats reserve 16 values for frames that readers skip.
fn is_skippable(magic: &[u8; 4]) -> bool {
    u32::from_le_bytes(*magic) & 0xFFFF_FFF0 == 0x184D_2A50
}
