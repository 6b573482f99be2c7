//! Stopping and continuing, for a program that has taken over the terminal.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::sys::signal::raise;
use nix::unistd::Pid;
use signal_hook::consts::SIGTSTP;
use signal_hook::flag;

/// SIGTSTP as a flag: the program gives the terminal back before it stops.
#[derive(Debug)]
pub struct Suspension {
    asked: Arc<AtomicBool>,
}

impl Suspension {
    /// Takes SIGTSTP over.
    ///
    /// # Errors
    ///
    /// If the signal cannot be handled.
    pub fn install() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        flag::register(SIGTSTP, Arc::clone(&asked))?;
        Ok(Self { asked })
    }

    /// Whether SIGTSTP has arrived since the last call.
    pub fn take(&self) -> bool {
        self.asked.swap(false, Ordering::Relaxed)
    }

    /// Sends SIGTSTP to the process group, as Ctrl-Z does.
    pub fn ask_group(&self) {
        let _ = kill(Pid::from_raw(0), Signal::SIGTSTP);
    }

    /// Stops this process. Returns when it is continued.
    pub fn stop(&self) {
        let _ = raise(Signal::SIGSTOP);
    }
}
