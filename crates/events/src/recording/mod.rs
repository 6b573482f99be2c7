//! The format of recordings, without files: JSON lines in independent zstd frames, each behind an
//! index entry.
//!
//! [`FrameWriter`] makes the bytes of a frame from lines, [`FrameReader`] gets the lines back from
//! any input, also from a damaged one, and [`span_of`] finds the part of a recording that a range
//! of times needs. docs/recording-format.md describes the bytes.
//!
//! ```
//! use execsnoop_events::recording::FrameFlags;
//! use execsnoop_events::recording::FrameReader;
//! use execsnoop_events::recording::FrameWriter;
//! use execsnoop_events::recording::Part;
//! use execsnoop_events::recording::StreamId;
//!
//! let mut writer = FrameWriter::new(StreamId(7));
//! writer.text().extend_from_slice(b"{\"type\":\"exit\"}\n");
//! writer.note(1_764_323_047_000_000_000);
//! let bytes = writer.finish(FrameFlags::HEADER).unwrap().to_vec();
//!
//! let mut reader = FrameReader::new(bytes.as_slice());
//! let Some(Part::Frame(frame)) = reader.next().unwrap() else { panic!() };
//! assert_eq!(frame.text, b"{\"type\":\"exit\"}\n");
//! assert_eq!(frame.index.unwrap().records, 1);
//! assert!(reader.next().unwrap().is_none());
//! ```

mod damage;
mod decode;
mod encode;
mod frame;
mod header;
mod index;
mod inflate;
mod input;
mod magic;
mod reader;
mod records;
mod relation;
mod seek;
mod tally;
mod texts;

pub use damage::Damage;
pub use damage::DamageKind;
pub use damage::ReadError;
pub use decode::Decoded;
pub use decode::Decoder;
pub use decode::LineError;
pub use decode::Names;
pub use decode::Problem;
pub(crate) use decode::RECORD_FIELDS;
pub use encode::Encoder;
pub use frame::FrameError;
pub use frame::FrameWriter;
pub use header::End;
pub use header::EndReason;
pub use header::FORMAT;
pub use header::Header;
pub use header::HeaderError;
pub use header::Redaction;
pub use index::ENTRY_MAGIC;
pub use index::FrameFlags;
pub use index::IndexEntry;
pub use index::MAX_TEXT;
pub use index::StreamId;
pub use reader::Frame;
pub use reader::FrameReader;
pub use reader::Part;
pub(crate) use records::REDACTED_IN;
pub use seek::ReadAt;
pub use seek::Span;
pub use seek::TimeRange;
pub use seek::span_of;
