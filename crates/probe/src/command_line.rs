//! What /proc shows as a process's command line: its arguments, or what the process has written in
//! their place.

use std::fs::File;
use std::io::Read as _;

use execsnoop_events::Argv;

/// A process chooses what it shows as its command line, and how much; this much is read of it: all
/// that the kernel takes as arguments.
const MAX_BYTES: usize = 6 << 20;

/// Nearly all command lines are shorter than this.
const USUAL_BYTES: usize = 64 << 10;

/// A command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// Arguments with their NULs, or a title without what fills the rest of its place.
    bytes: Vec<u8>,
    is_title: bool,
}

impl CommandLine {
    /// That of a process which has run for a while; `None` when there is none: a kernel thread, or
    /// gone.
    pub(crate) fn of_running(pid: u32) -> Option<Self> {
        let bytes = read(pid)?;
        Some(Self::titled(&bytes).unwrap_or_else(|| Self::of_arguments(bytes)))
    }

    /// That of a process which has just called exec, and has hardly had the time for a title.
    pub(crate) fn of_new_image(pid: u32) -> Option<Self> {
        read(pid).map(Self::of_arguments)
    }

    fn of_arguments(bytes: Vec<u8>) -> Self {
        Self {
            is_title: !bytes.ends_with(b"\0"),
            bytes,
        }
    }

    /// A title (setproctitle) is one text in the place of all arguments. Mostly it is shorter than
    /// they were, and blanks or NULs fill the rest; where it is longer, no NUL ends it. One that
    /// fits exactly looks like an argument.
    fn titled(bytes: &[u8]) -> Option<Self> {
        let is_filling = |byte: &u8| matches!(byte, b' ' | 0);
        let last = bytes.iter().rposition(|byte| !is_filling(byte))?;
        let (title, filling) = bytes.split_at(last + 1);
        let is_title = filling != b"\0" && !title.contains(&0);
        is_title.then(|| Self {
            bytes: title.to_vec(),
            is_title,
        })
    }

    /// The arguments; a title is not all of them.
    pub(crate) fn args(&self) -> Argv<'_> {
        match self.is_title {
            true => Argv::one_by_one(&self.bytes, &[], false),
            false => Argv::whole(&self.bytes),
        }
    }
}

/// Reads a command line, by one read(2) if it has no more than [`USUAL_BYTES`]: a process that ends
/// between two reads leaves only what the first one has got.
fn read(pid: u32) -> Option<Vec<u8>> {
    let mut file = File::open(format!("/proc/{pid}/cmdline")).ok()?;
    let (mut bytes, mut len) = (vec![0; USUAL_BYTES], 0);
    loop {
        let got = file.read(&mut bytes[len..]).ok()?;
        len += got;
        if got == 0 || len == MAX_BYTES {
            break;
        }
        if len == bytes.len() {
            bytes.resize(MAX_BYTES, 0);
        }
    }
    bytes.truncate(len);
    bytes.shrink_to_fit();
    (len > 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_running(bytes: &[u8]) -> CommandLine {
        let title = CommandLine::titled(bytes);
        title.unwrap_or_else(|| CommandLine::of_arguments(bytes.to_vec()))
    }

    /// The filling goes, and what is left is not told as all arguments.
    #[test]
    fn titles() {
        for shown in [
            &b"sshd: anna@pts/0\0\0\0\0"[..],
            b"sshd: anna@pts/0     \0",
            b"sshd: anna@pts/0   ",
            b"sshd: anna@pts/0",
            b"sshd: anna@pts/0 \0 \0",
        ] {
            let line = of_running(shown);
            let args: Vec<_> = line.args().iter().collect();
            assert_eq!(args, [Some(&b"sshd: anna@pts/0"[..])]);
            assert!(!line.args().is_complete(), "{shown:?}");
        }
    }

    /// Arguments stay as they are: empty ones, those with blanks, and a title that fits exactly.
    #[test]
    fn arguments() {
        for shown in [
            &b"sleep\x001\0"[..],
            b"sh\0-c\0\0",
            b"sh\0-c\0ls \0",
            b"nginx: worker process\0",
            b"\0\0",
            b" \0",
        ] {
            let line = of_running(shown);
            assert_eq!(line.args(), Argv::whole(shown));
        }
    }

    /// What no NUL ends is no list of arguments, whenever it was read.
    #[test]
    fn without_an_end() {
        let line = CommandLine::of_arguments(b"a\0b".to_vec());
        assert!(!line.args().is_complete());
    }

    /// A line that is longer than usual is whole.
    #[test]
    fn long() {
        let long = "x".repeat(USUAL_BYTES + 1000);
        let mut cat = std::process::Command::new("cat")
            .args(["-", &long])
            .stdin(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("cat");
        // spawn() returns somewhat before exec has made the arguments.
        let line = std::iter::repeat_with(|| CommandLine::of_new_image(cat.id()))
            .find_map(|line| line)
            .expect("endless");
        let args: Vec<_> = line.args().iter().flatten().collect();
        assert_eq!(args, [&b"cat"[..], b"-", long.as_bytes()]);
        drop(cat.stdin.take());
        cat.wait().expect("it ends");
    }

    /// This process shows its own.
    #[test]
    fn own() {
        let own = std::process::id();
        let line = CommandLine::of_new_image(own).expect("it is there");
        let first = std::env::args().next().expect("a name");
        assert_eq!(line.args().iter().next(), Some(Some(first.as_bytes())));
        assert!(CommandLine::of_running(own).is_some_and(|line| line.args().is_complete()));
    }
}
