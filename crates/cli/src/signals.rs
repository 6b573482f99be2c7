//! Signals, as flags that the main loop looks at: each arrival interrupts its wait.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use signal_hook::consts::SIGCHLD;
use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGQUIT;
use signal_hook::consts::SIGTERM;
use signal_hook::flag;

/// What has arrived.
#[derive(Debug)]
pub struct Signals {
    interrupt: Arc<AtomicBool>,
    terminate: Arc<AtomicBool>,
}

impl Signals {
    /// Takes the signals over. (Handlers, not "ignore": a command that is started does not inherit
    /// them.)
    pub fn install() -> io::Result<Self> {
        let flag = || Arc::new(AtomicBool::new(false));
        let signals = Self {
            interrupt: flag(),
            terminate: flag(),
        };
        for signal in [SIGINT, SIGQUIT] {
            flag::register(signal, Arc::clone(&signals.interrupt))?;
        }
        for signal in [SIGTERM, SIGHUP] {
            flag::register(signal, Arc::clone(&signals.terminate))?;
        }
        // Only to be woken when the command ends.
        flag::register(SIGCHLD, flag())?;
        Ok(signals)
    }

    /// SIGINT or SIGQUIT: from the keyboard, so a command in the foreground got it as well.
    pub fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// SIGTERM or SIGHUP, once: the next call answers for a new arrival.
    pub fn take_terminated(&self) -> bool {
        self.terminate.swap(false, Ordering::Relaxed)
    }
}
