//! Arguments of an exec: any bytes, any number, perhaps not all of them.

/// What is known of arguments besides their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ArgvRest {
    /// Bytes of all arguments; more than arrived if they are incomplete.
    pub total_bytes: u64,
    /// These are all arguments, each of them whole.
    pub complete: bool,
    /// A limit of the tracer left some out.
    pub shortened: bool,
}

/// The arguments of one exec, in order.
///
/// They are stored as in the kernel: one block with a NUL after each argument. Some arguments may
/// have been unreadable, and the block may be cut off; both are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argv<'a> {
    block: &'a [u8],
    unreadable: &'a [u32],
    total_bytes: u64,
    complete: bool,
    shortened: bool,
}

impl<'a> Argv<'a> {
    /// Unknown arguments.
    pub const UNKNOWN: Self = Self {
        block: b"",
        unreadable: &[],
        total_bytes: 0,
        complete: false,
        shortened: false,
    };

    /// All arguments, each followed by a NUL.
    pub fn whole(block: &'a [u8]) -> Self {
        Self {
            block,
            unreadable: &[],
            total_bytes: block.len() as u64,
            complete: true,
            shortened: false,
        }
    }

    /// The beginning of a block that has `total_bytes` in all.
    pub fn cut(block: &'a [u8], total_bytes: u64) -> Self {
        Self {
            block,
            unreadable: &[],
            total_bytes,
            complete: false,
            shortened: false,
        }
    }

    /// Arguments that were read one by one. `unreadable` has the indexes, ascending, of the
    /// arguments that could not be read; `block` has an empty argument for each of them. There may
    /// be more arguments unless `to_the_end` is set.
    pub fn one_by_one(block: &'a [u8], unreadable: &'a [u32], to_the_end: bool) -> Self {
        Self {
            block,
            unreadable,
            total_bytes: block.len() as u64,
            complete: to_the_end && unreadable.is_empty(),
            shortened: false,
        }
    }

    /// Arguments made from the result of [`parts`](Self::parts).
    pub(crate) fn from_parts(block: &'a [u8], unreadable: &'a [u32], rest: ArgvRest) -> Self {
        Self {
            block,
            unreadable,
            total_bytes: rest.total_bytes,
            complete: rest.complete,
            shortened: rest.shortened,
        }
    }

    /// The parts: the bytes, the indexes of arguments that could not be read, and the rest.
    pub(crate) fn parts(&self) -> (&'a [u8], &'a [u32], ArgvRest) {
        let rest = ArgvRest {
            total_bytes: self.total_bytes,
            complete: self.complete,
            shortened: self.shortened,
        };
        (self.block, self.unreadable, rest)
    }

    /// Whether these are all arguments, each of them whole.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether the arguments are unknown.
    pub fn is_unknown(&self) -> bool {
        !self.complete && self.block.is_empty()
    }

    /// Bytes of the arguments with their NULs, if known; more than arrived if they are incomplete.
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// Bytes of them that arrived.
    pub fn known_bytes(&self) -> u64 {
        self.block.len() as u64
    }

    /// Whether arguments were left out because they exceed a limit of the tracer. That says nothing
    /// of [`is_complete`](Self::is_complete), which is about what arrived.
    pub fn is_shortened(&self) -> bool {
        self.shortened
    }

    /// The beginning: at most `count` arguments, and at most `bytes` bytes with their NULs; `None`
    /// if that is all of them. The last argument may be cut, but not within a character.
    pub fn shortened(&self, count: Option<usize>, bytes: Option<usize>) -> Option<Self> {
        let most = bytes.map_or(self.block.len(), |bytes| bytes.min(self.block.len()));
        let first = &self.block[..whole_characters(self.block, most)];
        let end = count.and_then(|count| end_of_arguments(first, count));
        let block = &first[..end.unwrap_or(first.len())];
        if block.len() == self.block.len() {
            return None;
        }
        let shorter = Self {
            block,
            shortened: true,
            ..*self
        };
        let left = shorter.iter().count();
        let known = self
            .unreadable
            .partition_point(|index| (*index as usize) < left);
        Some(Self {
            unreadable: &self.unreadable[..known],
            ..shorter
        })
    }

    /// Each argument without its NUL; `None` for one that could not be read. When they are not
    /// [`complete`](Self::complete), the last may be cut.
    pub fn iter(&self) -> impl Iterator<Item = Option<&'a [u8]>> + use<'a> {
        let block = self.block.strip_suffix(b"\0").unwrap_or(self.block);
        let mut unreadable = self.unreadable.iter().copied().peekable();
        let none_at_all = self.block.is_empty();
        pieces(block)
            .take(if none_at_all { 0 } else { usize::MAX })
            .zip(0..)
            .map(move |(arg, index)| match unreadable.next_if_eq(&index) {
                Some(_) => None,
                None => Some(arg),
            })
    }
}

/// The largest length of at most `most` bytes at which no character of UTF-8 is cut.
fn whole_characters(block: &[u8], most: usize) -> usize {
    let is_inside = |at: usize| block.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let longest = 4;
    let begin = (most.saturating_sub(longest - 1)..=most)
        .rev()
        .find(|at| !is_inside(*at));
    begin.unwrap_or(most)
}

/// Where the first `count` arguments end; `None` if there are not more.
fn end_of_arguments(block: &[u8], count: usize) -> Option<usize> {
    match count.checked_sub(1) {
        None => Some(0),
        Some(last) => memchr::memchr_iter(0, block).nth(last).map(|at| at + 1),
    }
}

/// The texts between NULs.
fn pieces(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(block);
    std::iter::from_fn(move || {
        let now = rest?;
        let (piece, behind) = match memchr::memchr(0, now) {
            Some(at) => (&now[..at], Some(&now[at + 1..])),
            None => (now, None),
        };
        rest = behind;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list<'a>(args: &Argv<'a>) -> Vec<Option<&'a [u8]>> {
        args.iter().collect()
    }

    /// Empty arguments count, at both ends too.
    #[test]
    fn empty_arguments_are_arguments() {
        assert_eq!(list(&Argv::whole(b"")), Vec::<Option<&[u8]>>::new());
        assert_eq!(list(&Argv::whole(b"\0")), [Some(&b""[..])]);
        assert_eq!(
            list(&Argv::whole(b"ls\0\0-l\0\0")),
            [Some(&b"ls"[..]), Some(b""), Some(b"-l"), Some(b"")]
        );
    }

    /// A block that ends inside an argument shows the part that arrived.
    #[test]
    fn cut_in_the_middle() {
        let args = Argv::cut(b"ls\0-la", 4711);
        assert_eq!(list(&args), [Some(&b"ls"[..]), Some(b"-la")]);
        assert!(!args.is_complete());
        assert_eq!((args.known_bytes(), args.total_bytes()), (6, 4711));
    }

    /// The first arguments, and the first bytes.
    #[test]
    fn shorter_lists() {
        let args = Argv::whole(b"ls\0\0-l\0");
        for (count, bytes, expected) in [
            (Some(1), None, Some(&[&b"ls"[..]][..])),
            (Some(2), None, Some(&[b"ls", b""])),
            (Some(0), None, Some(&[])),
            (Some(3), Some(7), None),
            (None, Some(4), Some(&[b"ls", b""])),
            (None, Some(5), Some(&[b"ls", b"", b"-"])),
            (None, Some(0), Some(&[])),
            (None, None, None),
        ] {
            let shorter = args.shortened(count, bytes);
            let list = shorter.map(|args| args.iter().flatten().collect::<Vec<_>>());
            assert_eq!(list.as_deref(), expected, "{count:?} {bytes:?}");
            assert!(shorter.is_none_or(|args| args.is_shortened() && args.is_complete()));
        }
        let umlaut = Argv::whole("aä€\0".as_bytes());
        for (bytes, expected) in [(1, "a"), (2, "a"), (3, "aä"), (5, "aä"), (6, "aä€")] {
            let shorter = umlaut.shortened(None, Some(bytes)).expect("shorter");
            assert_eq!(list(&shorter), [Some(expected.as_bytes())], "{bytes}");
        }
        let unreadable = Argv::one_by_one(b"a\0\0c\0\0", &[1, 3], true);
        let shorter = unreadable.shortened(Some(2), None).expect("shorter");
        assert_eq!(list(&shorter), [Some(&b"a"[..]), None]);
    }

    /// An argument that could not be read is not an empty one.
    #[test]
    fn unreadable_is_not_empty() {
        let args = Argv::one_by_one(b"a\0\0\0d\0", &[2], true);
        assert_eq!(list(&args), [Some(&b"a"[..]), Some(b""), None, Some(b"d")]);
        assert!(!args.is_complete());
        assert!(Argv::one_by_one(b"", &[], false).is_unknown());
        assert!(!Argv::one_by_one(b"", &[], true).is_unknown());
    }
}
