//! Trying something that may be refused, or forbidden on pain of death.

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;
use nix::sys::wait::waitpid;
use nix::unistd::ForkResult;
use nix::unistd::fork;

/// What came of trying something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It works.
    Works,
    /// The kernel said no.
    Refused(Errno),
    /// The child that tried was killed, as some seccomp filters do.
    Killed,
    /// Not tried: something that it needs is not there, or no process could be made for it.
    Skipped,
}

impl Attempt {
    /// Whether it works.
    pub fn works(self) -> bool {
        self == Self::Works
    }

    /// The errno of a refusal.
    pub fn errno(self) -> Option<Errno> {
        match self {
            Self::Refused(errno) => Some(errno),
            _ => None,
        }
    }
}

impl<T> From<Result<T, Errno>> for Attempt {
    fn from(outcome: Result<T, Errno>) -> Self {
        match outcome {
            Ok(_) => Self::Works,
            Err(errno) => Self::Refused(errno),
        }
    }
}

/// Tries a system call in a child process, so that a filter that kills for it does not kill us.
/// `call` must not allocate or lock anything: it runs between fork and exit.
pub fn in_child(call: impl FnOnce() -> Result<(), Errno>) -> Attempt {
    // SAFETY: the child only calls `call`, which by contract is safe after a fork, and `_exit`.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            let code = call().map_or_else(|errno| errno as i32, |()| 0);
            // SAFETY: it takes an integer and ends the process, whose state is not used again.
            unsafe { libc::_exit(code) }
        }
        Ok(ForkResult::Parent { child }) => loop {
            match waitpid(child, None) {
                Err(Errno::EINTR) => {}
                outcome => break of_status(outcome),
            }
        },
        Err(_) => Attempt::Skipped,
    }
}

fn of_status(outcome: Result<WaitStatus, Errno>) -> Attempt {
    match outcome {
        Ok(WaitStatus::Exited(_, 0)) => Attempt::Works,
        Ok(WaitStatus::Exited(_, code)) => Attempt::Refused(Errno::from_raw(code)),
        Ok(WaitStatus::Signaled(_, Signal::SIGSYS | Signal::SIGKILL, _)) => Attempt::Killed,
        Ok(_) => Attempt::Refused(Errno::UnknownErrno),
        Err(errno) => Attempt::Refused(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The child's answer comes back whole: success, each errno, a violent death.
    #[test]
    fn answers_come_back() {
        assert_eq!(in_child(|| Ok(())), Attempt::Works);
        for errno in [Errno::EPERM, Errno::ENOSYS, Errno::EACCES] {
            assert_eq!(in_child(|| Err(errno)), Attempt::Refused(errno));
        }
        let killed = in_child(|| nix::sys::signal::raise(Signal::SIGSYS));
        assert_eq!(killed, Attempt::Killed);
    }
}
