//! The index entry before each frame: a skippable frame of zstd with a fixed layout.
//!
//! | offset | bytes | contents |
//! |---|---|---|
//! | 0 | 4 | magic `5E 2A 4D 18` of a skippable frame |
//! | 4 | 4 | length of the rest: 80 |
//! | 8 | 8 | `execsnop` |
//! | 16 | 2 | format version: 1 |
//! | 18 | 2 | flags |
//! | 20 | 4 | number of records |
//! | 24 | 8 | sequence number of the frame in its stream |
//! | 32 | 8 | earliest time, ns since 1970 |
//! | 40 | 8 | latest time, ns since 1970 |
//! | 48 | 4 | length of the zstd frame that follows |
//! | 52 | 4 | length of its text |
//! | 56 | 8 | the stream: `session` of its header |
//! | 64 | 8 | latest time of a record of the stream up to here |
//! | 72 | 8 | bytes of the stream between its last header and here |
//! | 80 | 4 | bytes between the last header or checkpoint and here |
//! | 84 | 4 | CRC-32 of all bytes before |
//!
//! Numbers are little-endian. Magic, length, signature, version and the CRC in the last four bytes
//! stay where they are in every version, so that any version can be told.

use std::fmt;
use std::ops::BitOr;

use super::header::FORMAT;

/// The version that is written, and the newest that is read.
const VERSION: u16 = FORMAT as u16;

/// The longest text of a frame, in bytes. A frame that claims more is damage.
pub const MAX_TEXT: usize = 64 << 20;

/// The longest zstd frame: what zstd may make of [`MAX_TEXT`] bytes that it cannot compress.
pub(super) const MAX_COMPRESSED: usize = MAX_TEXT + MAX_TEXT / 256 + 64;

/// What an entry begins with, and so each recording: the magic number of a skippable zstd frame.
pub const ENTRY_MAGIC: [u8; 4] = 0x184D_2A5E_u32.to_le_bytes();
pub(super) const SIGNATURE: &[u8; 8] = b"execsnop";
/// The length of an entry of this version.
pub(super) const ENTRY_LEN: usize = 88;
/// The longest entry that a later version may have.
pub(super) const MAX_ENTRY_LEN: usize = 4096;
/// Everything up to the version, and the CRC.
const MIN_ENTRY_LEN: usize = 18 + 4;

/// What a frame holds: the contents of its index entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry {
    /// What the frame begins with.
    pub flags: FrameFlags,
    /// The number of records.
    pub records: u32,
    /// Counts the frames of a stream, also those that could not be written.
    pub sequence: u64,
    /// The earliest time of a record, in ns since 1970; `i64::MAX` if no record has a time.
    pub first_ns: i64,
    /// The latest time of a record, in ns since 1970; `i64::MIN` if no record has a time.
    pub last_ns: i64,
    /// The length of the zstd frame.
    pub compressed_len: u32,
    /// The length of its text.
    pub text_len: u32,
    /// The stream: one run of a recorder.
    pub stream: StreamId,
    /// The latest time of a record of the stream, up to the end of the frame, in ns since 1970.
    pub latest_ns: i64,
    /// The bytes of the stream between the last frame with a header and this frame: its offset in
    /// the file, if nothing was lost and nothing was joined.
    pub position: u64,
    /// The bytes between the last frame with a header or a checkpoint and this frame. `u32::MAX`:
    /// not known.
    pub back: u32,
}

impl IndexEntry {
    /// The length of the entry and its frame, in bytes.
    pub fn whole_len(&self) -> u64 {
        ENTRY_LEN as u64 + u64::from(self.compressed_len)
    }

    /// The bytes of the entry.
    pub(super) fn encode(&self) -> [u8; ENTRY_LEN] {
        let mut bytes = [0; ENTRY_LEN];
        bytes[..4].copy_from_slice(&ENTRY_MAGIC);
        bytes[4..8].copy_from_slice(&(ENTRY_LEN as u32 - 8).to_le_bytes());
        bytes[8..16].copy_from_slice(SIGNATURE);
        bytes[16..18].copy_from_slice(&VERSION.to_le_bytes());
        bytes[18..20].copy_from_slice(&self.flags.0.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.records.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.first_ns.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.last_ns.to_le_bytes());
        bytes[48..52].copy_from_slice(&self.compressed_len.to_le_bytes());
        bytes[52..56].copy_from_slice(&self.text_len.to_le_bytes());
        bytes[56..64].copy_from_slice(&self.stream.0.to_le_bytes());
        bytes[64..72].copy_from_slice(&self.latest_ns.to_le_bytes());
        bytes[72..80].copy_from_slice(&self.position.to_le_bytes());
        bytes[80..84].copy_from_slice(&self.back.to_le_bytes());
        let sum = crc32fast::hash(&bytes[..ENTRY_LEN - 4]);
        bytes[ENTRY_LEN - 4..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Decodes the bytes of a whole entry.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        match checked_version(bytes)? {
            VERSION => Self::of_this_version(bytes).ok_or(EntryError::Damaged),
            0 => Err(EntryError::Damaged),
            newer => Err(EntryError::Newer(newer)),
        }
    }

    fn of_this_version(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; ENTRY_LEN] = bytes.try_into().ok()?;
        let entry = Self {
            flags: FrameFlags(u16::from_le_bytes(array(bytes, 18))),
            records: u32::from_le_bytes(array(bytes, 20)),
            sequence: u64::from_le_bytes(array(bytes, 24)),
            first_ns: i64::from_le_bytes(array(bytes, 32)),
            last_ns: i64::from_le_bytes(array(bytes, 40)),
            compressed_len: u32::from_le_bytes(array(bytes, 48)),
            text_len: u32::from_le_bytes(array(bytes, 52)),
            stream: StreamId(u64::from_le_bytes(array(bytes, 56))),
            latest_ns: i64::from_le_bytes(array(bytes, 64)),
            position: u64::from_le_bytes(array(bytes, 72)),
            back: u32::from_le_bytes(array(bytes, 80)),
        };
        entry.is_possible().then_some(entry)
    }

    fn is_possible(&self) -> bool {
        self.text_len as usize <= MAX_TEXT && self.compressed_len as usize <= MAX_COMPRESSED
    }
}

/// The version of an entry whose CRC is right.
fn checked_version(bytes: &[u8]) -> Result<u16, EntryError> {
    if bytes.len() < MIN_ENTRY_LEN || !bytes.starts_with(&ENTRY_MAGIC) {
        return Err(EntryError::Damaged);
    }
    let (content, sum) = bytes.split_at(bytes.len() - 4);
    let is_whole = crc32fast::hash(content).to_le_bytes() == sum;
    match is_whole && content[8..].starts_with(SIGNATURE) {
        true => Ok(u16::from_le_bytes([bytes[16], bytes[17]])),
        false => Err(EntryError::Damaged),
    }
}

fn array<const N: usize>(bytes: &[u8; ENTRY_LEN], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

/// Why bytes are not a usable index entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryError {
    /// The CRC is wrong, or a value is not possible.
    Damaged,
    /// The entry is whole and of this newer version.
    Newer(u16),
}

/// Identifies a stream of frames, which is one run of a recorder: a random number, `session` in the
/// header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub u64);

impl fmt::Display for StreamId {
    /// 16 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What a frame begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FrameFlags(u16);

impl FrameFlags {
    /// Nothing in particular.
    pub const NONE: Self = Self(0);
    /// The frame begins with a header and a snapshot: a file, or a stream, begins here.
    pub const HEADER: Self = Self(1);
    /// The frame begins with a snapshot: a reader can begin here.
    pub const CHECKPOINT: Self = Self(2);

    /// Whether all of these flags are set.
    pub fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether a reader can begin with this frame.
    pub fn is_beginning(self) -> bool {
        self.has(Self::HEADER) || self.has(Self::CHECKPOINT)
    }
}

impl BitOr for FrameFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
