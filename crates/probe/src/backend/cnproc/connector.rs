//! The process connector: the kernel's word, by netlink, that a process has forked, called exec or
//! ended.
//!
//! Messages are those of include/uapi/linux/cn_proc.h. Each CPU numbers its own, so that gaps tell
//! how many were lost, though not of which kind.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd as _;
use std::os::fd::AsRawFd as _;
use std::os::fd::FromRawFd as _;
use std::os::fd::OwnedFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::poll::PollFd;
use nix::poll::PollFlags;
use nix::poll::PollTimeout;

// From include/uapi/linux/netlink.h and connector.h.
const NETLINK_CONNECTOR: libc::c_int = 11;
const NLMSG_HEADER: usize = 16;
const NLMSG_DONE: u16 = 3;
const CN_IDX_PROC: u32 = 1;
const CN_VAL_PROC: u32 = 1;
const CN_HEADER: usize = 20;
const LISTEN: u32 = 1;
const IGNORE: u32 = 2;

/// The largest message of the kernel's is less than 100 bytes.
const MESSAGE_BYTES: usize = 4096;

/// What happened, in the kernel's numbers of the initial pid namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcEvent {
    /// A process or a thread was created.
    Fork { parent: TaskIds, child: TaskIds },
    /// A thread called exec.
    Exec(TaskIds),
    /// A process's real user id was changed.
    Uid { of: TaskIds, uid: u32 },
    /// A process's real group id was changed.
    Gid { of: TaskIds, gid: u32 },
    /// A thread changed its name.
    Comm { of: TaskIds, comm: [u8; 16] },
    /// A thread ended; `code` is as wait() gives it.
    Exit {
        of: TaskIds,
        code: u32,
        parent: Option<TaskIds>,
    },
    /// The answer to our asking for messages: 0, or an errno.
    Answer(u32),
    /// Something else.
    Other,
}

/// A thread and its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskIds {
    pub tid: u32,
    pub pid: u32,
}

/// A message of the kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its number on its CPU.
    pub sequence: u32,
    pub cpu: u32,
    /// `CLOCK_MONOTONIC`, in ns.
    pub time_ns: u64,
    pub what: ProcEvent,
}

/// A cursor over a message's bytes.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_ne_bytes)
    }

    fn ids(&mut self) -> Option<TaskIds> {
        Some(TaskIds {
            tid: self.u32()?,
            pid: self.u32()?,
        })
    }
}

impl Message {
    /// From a datagram: netlink's header, the connector's, then `struct proc_event`.
    pub(crate) fn parse(datagram: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(datagram.get(NLMSG_HEADER..)?);
        let (index, value) = (bytes.u32()?, bytes.u32()?);
        if (index, value) != (CN_IDX_PROC, CN_VAL_PROC) {
            return None;
        }
        let sequence = bytes.u32()?;
        bytes.take::<8>()?; // ack, len, flags
        let kind = bytes.u32()?;
        Some(Self {
            sequence,
            cpu: bytes.u32()?,
            time_ns: bytes.take().map(u64::from_ne_bytes)?,
            what: ProcEvent::parse(kind, &mut bytes)?,
        })
    }
}

impl ProcEvent {
    fn parse(kind: u32, bytes: &mut Bytes<'_>) -> Option<Self> {
        Some(match kind {
            libc::PROC_EVENT_NONE => Self::Answer(bytes.u32()?),
            libc::PROC_EVENT_FORK => Self::Fork {
                parent: bytes.ids()?,
                child: bytes.ids()?,
            },
            libc::PROC_EVENT_EXEC => Self::Exec(bytes.ids()?),
            libc::PROC_EVENT_UID => Self::Uid {
                of: bytes.ids()?,
                uid: bytes.u32()?,
            },
            libc::PROC_EVENT_GID => Self::Gid {
                of: bytes.ids()?,
                gid: bytes.u32()?,
            },
            libc::PROC_EVENT_COMM => Self::Comm {
                of: bytes.ids()?,
                comm: bytes.take()?,
            },
            libc::PROC_EVENT_EXIT => {
                let of = bytes.ids()?;
                let code = bytes.u32()?;
                bytes.u32()?; // the signal that the parent gets
                let parent = bytes.ids(); // 4.18+
                Self::Exit { of, code, parent }
            }
            _ => Self::Other,
        })
    }
}

/// Counts what is missing in the numbers of each CPU.
#[derive(Debug, Default)]
pub(crate) struct SequenceGaps(HashMap<u32, u32>);

impl SequenceGaps {
    /// How many messages were lost on this CPU before this one.
    pub(crate) fn before(&mut self, message: &Message) -> u64 {
        let next = message.sequence.wrapping_add(1);
        match self.0.insert(message.cpu, next) {
            // A number from before the expected one is no gap of four thousand million.
            Some(expected) => match message.sequence.wrapping_sub(expected) {
                missing if missing < u32::MAX / 2 => u64::from(missing),
                _ => 0,
            },
            None => 0,
        }
    }
}

/// The socket on which the kernel speaks.
#[derive(Debug)]
pub(crate) struct Connector {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

/// What a look at the socket gave.
#[derive(Debug)]
pub(crate) enum Received {
    Message(Message),
    /// The socket had no room: messages were lost.
    Overrun,
    /// Nothing is there now.
    Nothing,
}

impl Connector {
    /// Asks the kernel for all its messages. `bytes` is how much may wait.
    pub(crate) fn open(bytes: u32) -> io::Result<Self> {
        let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: the call takes three integers.
        let fd = unsafe { libc::socket(libc::AF_NETLINK, kind, NETLINK_CONNECTOR) };
        let fd = Errno::result(fd)?;
        // SAFETY: the kernel has just given us this descriptor, and nothing else owns it.
        let socket = unsafe { OwnedFd::from_raw_fd(fd) };
        let connector = Self {
            socket,
            buffer: vec![0; MESSAGE_BYTES],
        };
        connector.set_room(bytes);
        connector.bind()?;
        connector.ask(LISTEN)?;
        Ok(connector)
    }

    /// More than the administrator's limit needs CAP_NET_ADMIN, which is there.
    fn set_room(&self, bytes: u32) {
        let bytes = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
        // SAFETY: the option is an integer, and that is its size.
        let set = unsafe {
            libc::setsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_RCVBUFFORCE,
                (&raw const bytes).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            )
        };
        if let Err(errno) = Errno::result(set) {
            tracing::debug!("the socket keeps its size: {errno}");
        }
    }

    fn bind(&self) -> io::Result<()> {
        // SAFETY: the struct is made of integers, for which zero is a value.
        let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        address.nl_family = libc::AF_NETLINK as libc::sa_family_t;
        address.nl_groups = CN_IDX_PROC;
        // SAFETY: the address outlives the call, and that is its size.
        let bound = unsafe {
            libc::bind(
                self.socket.as_raw_fd(),
                (&raw const address).cast(),
                size_of::<libc::sockaddr_nl>() as libc::socklen_t,
            )
        };
        Ok(Errno::result(bound).map(drop)?)
    }

    fn ask(&self, wish: u32) -> io::Result<()> {
        let length = NLMSG_HEADER + CN_HEADER + size_of_val(&wish);
        let mut message = Vec::with_capacity(length);
        message.extend_from_slice(&u32::try_from(length).unwrap_or(0).to_ne_bytes());
        message.extend_from_slice(&NLMSG_DONE.to_ne_bytes());
        message.extend_from_slice(&[0; 10]); // flags, number, port
        message.extend_from_slice(&CN_IDX_PROC.to_ne_bytes());
        message.extend_from_slice(&CN_VAL_PROC.to_ne_bytes());
        message.extend_from_slice(&[0; 8]); // number, ack
        message.extend_from_slice(&4u16.to_ne_bytes());
        message.extend_from_slice(&[0; 2]);
        message.extend_from_slice(&wish.to_ne_bytes());
        Ok(nix::unistd::write(&self.socket, &message).map(drop)?)
    }

    /// Waits until there is something to receive, or `timeout` is over, or a signal arrives.
    pub(crate) fn wait(&self, timeout: Duration) -> Result<(), Errno> {
        let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
        let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        match nix::poll::poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    /// The next message; others than the kernel's are passed over.
    pub(crate) fn receive(&mut self) -> Result<Received, Errno> {
        loop {
            match self.receive_datagram() {
                Ok(Some(message)) => return Ok(Received::Message(message)),
                Ok(None) | Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(Received::Nothing),
                Err(Errno::ENOBUFS) => return Ok(Received::Overrun),
                Err(errno) => return Err(errno),
            }
        }
    }

    fn receive_datagram(&mut self) -> Result<Option<Message>, Errno> {
        // SAFETY: the struct is made of integers, for which zero is a value.
        let mut from: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        let mut from_bytes = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
        // SAFETY: the buffer and the address outlive the call, and those are their sizes.
        let length = unsafe {
            libc::recvfrom(
                self.socket.as_raw_fd(),
                self.buffer.as_mut_ptr().cast(),
                self.buffer.len(),
                0,
                (&raw mut from).cast(),
                &raw mut from_bytes,
            )
        };
        let length = usize::try_from(Errno::result(length)?).unwrap_or(0);
        // Port 0 is the kernel; anybody may send to us.
        Ok(match from.nl_pid {
            0 => Message::parse(&self.buffer[..length]),
            _ => None,
        })
    }
}

impl Drop for Connector {
    /// Before 6.6 the kernel does not notice by itself that the listener is gone.
    fn drop(&mut self) {
        if let Err(error) = self.ask(IGNORE) {
            tracing::debug!("the process connector was not told to stop: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A datagram as the kernel makes it.
    fn datagram(sequence: u32, kind: u32, data: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; NLMSG_HEADER];
        for word in [CN_IDX_PROC, CN_VAL_PROC, sequence, 0, 40, kind, 3, 1000, 0] {
            bytes.extend_from_slice(&word.to_ne_bytes());
        }
        for word in data {
            bytes.extend_from_slice(&word.to_ne_bytes());
        }
        bytes
    }

    fn what(kind: u32, data: &[u32]) -> Option<ProcEvent> {
        Message::parse(&datagram(7, kind, data)).map(|message| message.what)
    }

    const ONE: TaskIds = TaskIds { tid: 2, pid: 1 };
    const TWO: TaskIds = TaskIds { tid: 4, pid: 3 };

    /// Each kind that is read, and a whole message.
    #[test]
    fn messages() {
        let (parent, child) = (ONE, TWO);
        assert_eq!(
            what(1, &[2, 1, 4, 3]),
            Some(ProcEvent::Fork { parent, child })
        );
        assert_eq!(what(2, &[2, 1]), Some(ProcEvent::Exec(ONE)));
        assert_eq!(
            what(4, &[2, 1, 33, 0]),
            Some(ProcEvent::Uid { of: ONE, uid: 33 })
        );
        assert_eq!(
            what(0x40, &[2, 1, 33, 0]),
            Some(ProcEvent::Gid { of: ONE, gid: 33 })
        );
        let exit = |parent| ProcEvent::Exit {
            of: ONE,
            code: 0x700,
            parent,
        };
        assert_eq!(
            what(1 << 31, &[2, 1, 0x700, 17, 4, 3]),
            Some(exit(Some(TWO)))
        );
        assert_eq!(what(1 << 31, &[2, 1, 0x700, 17]), Some(exit(None)));
        assert_eq!(what(0x80, &[]), Some(ProcEvent::Other));
        let message = Message::parse(&datagram(7, 2, &[2, 1])).expect("well-formed");
        assert_eq!(
            (message.sequence, message.cpu, message.time_ns),
            (7, 3, 1000)
        );
    }

    /// A message that ends too early, and one of another connector, are none.
    #[test]
    fn no_messages() {
        let whole = datagram(7, 1, &[2, 1, 4, 3]);
        for length in 0..whole.len() {
            assert_eq!(Message::parse(&whole[..length]), None, "{length} bytes");
        }
        let mut other = whole;
        other[NLMSG_HEADER] = 9;
        assert_eq!(Message::parse(&other), None);
    }

    /// SequenceGaps are counted for each CPU, the first message of each is no gap, and numbers
    /// wrap.
    #[test]
    fn gaps() {
        let message = |cpu, sequence| Message {
            sequence,
            cpu,
            time_ns: 0,
            what: ProcEvent::Other,
        };
        let mut gaps = SequenceGaps::default();
        let numbers = [
            (0, 5),
            (1, 90),
            (0, 6),
            (1, 94),
            (0, 7),
            (0, 7),
            (2, u32::MAX),
            (2, 1),
        ];
        let missing = numbers.map(|(cpu, sequence)| gaps.before(&message(cpu, sequence)));
        assert_eq!(missing, [0, 0, 0, 3, 0, 0, 0, 1]);
    }

    proptest! {
        /// Any bytes are a message or none.
        #[test]
        fn parsing_is_total(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Message::parse(&bytes);
        }
    }
}
