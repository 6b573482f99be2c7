//! Which standard streams were closed when this process began.
//!
//! Rust's runtime opens /dev/null in place of closed ones before `main`, so that writes succeed and
//! reach no reader. This looks at them before the runtime does.

use std::os::fd::RawFd;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use nix::errno::Errno;
use nix::libc;

/// Standard input, output and error.
static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

// SAFETY: the section holds pointers to functions that the C library calls, in the thread that will
// run `main` and before it. The function takes none of the arguments that it is given, and only
// makes a system call and writes to atomics.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    for (descriptor, closed) in (0..).zip(&CLOSED) {
        // SAFETY: this asks for the flags of a number, whether it is open or not.
        let outcome = unsafe { libc::fcntl(descriptor, libc::F_GETFD) };
        let is_closed = outcome == -1 && Errno::last() == Errno::EBADF;
        closed.store(is_closed, Ordering::Relaxed);
    }
}

/// Whether the standard stream of this number was closed when the process began.
pub fn was_closed(stream: RawFd) -> bool {
    let stream = usize::try_from(stream).ok();
    let closed = stream.and_then(|stream| CLOSED.get(stream));
    closed.is_some_and(|closed| closed.load(Ordering::Relaxed))
}
