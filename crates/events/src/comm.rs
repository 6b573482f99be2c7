//! An owned short name, of a process or of a terminal.

/// A name of 15 bytes at most (`TASK_COMM_LEN` is 16 with the NUL; names of terminals are cut to
/// the same length).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Comm {
    bytes: [u8; 16],
    len: u8,
}

impl Comm {
    /// No name.
    pub(crate) const EMPTY: Self = Self {
        bytes: [0; 16],
        len: 0,
    };

    /// Copies a name.
    pub(crate) fn new(name: &[u8]) -> Self {
        let mut bytes = [0; 16];
        let len = name.len().min(bytes.len());
        bytes[..len].copy_from_slice(&name[..len]);
        Self {
            bytes,
            len: u8::try_from(len).expect("16 at most"),
        }
    }

    /// The name as bytes.
    pub(crate) fn get(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}
