//! Signals, as flags that the main loop looks at: each arrival interrupts its wait.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use nix::sys::signal::Signal;
use signal_hook::consts::SIGCHLD;
use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGQUIT;
use signal_hook::consts::SIGTERM;
use signal_hook::consts::SIGXFSZ;
use signal_hook::flag;

const TAKEN_OVER: [Signal; 6] = [
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGCHLD,
    Signal::SIGXFSZ,
];

/// What has arrived.
#[derive(Debug)]
pub struct Signals {
    interrupt: Arc<AtomicBool>,
    terminate: Arc<AtomicBool>,
    terminate_again: Arc<AtomicBool>,
    ignored: Vec<Signal>,
}

impl Signals {
    /// Takes the signals over. (With handlers, not "ignore": a command that is started does not
    /// inherit them; what was ignored before, it is to ignore.) SIGHUP only when it is not ignored:
    /// nohup means it. SIGINT in any case: shells ignore it for what they start in the background,
    /// and there it still is the way to end.
    pub fn install() -> io::Result<Self> {
        let signals = Self::install_all_but_hangup()?;
        if !is_ignored(SIGHUP) {
            signals.end_at(SIGHUP)?;
        }
        Ok(signals)
    }

    /// The same, but SIGHUP sets this flag, and does not ask us to end.
    pub fn install_with_hangup(hangup: Arc<AtomicBool>) -> io::Result<Self> {
        let signals = Self::install_all_but_hangup()?;
        flag::register(SIGHUP, hangup)?;
        Ok(signals)
    }

    fn install_all_but_hangup() -> io::Result<Self> {
        let flag = || Arc::new(AtomicBool::new(false));
        let signals = Self {
            interrupt: flag(),
            terminate: flag(),
            terminate_again: flag(),
            ignored: TAKEN_OVER
                .into_iter()
                .filter(|it| is_ignored(*it as i32))
                .collect(),
        };
        for signal in [SIGINT, SIGQUIT] {
            flag::register(signal, Arc::clone(&signals.interrupt))?;
        }
        // A file that reaches the limit of its size (ulimit -f) is an error of the write.
        flag::register(SIGXFSZ, flag())?;
        signals.end_at(SIGTERM)?;
        Ok(signals)
    }

    fn end_at(&self, signal: i32) -> io::Result<()> {
        flag::register(signal, Arc::clone(&self.terminate))?;
        flag::register(signal, Arc::clone(&self.terminate_again))?;
        Ok(())
    }

    /// Has the wait interrupted when a child ends, too.
    pub fn wake_at_end_of_child(&self) -> io::Result<()> {
        flag::register(SIGCHLD, Arc::new(AtomicBool::new(false)))?;
        Ok(())
    }

    /// Those of the signals that were ignored when we began.
    pub fn ignored_before(&self) -> &[Signal] {
        &self.ignored
    }

    /// SIGINT or SIGQUIT: from the keyboard, so a command in the foreground got it as well.
    pub fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// Whether any has asked us to end.
    pub fn any(&self) -> bool {
        self.interrupted() || self.terminate.load(Ordering::Relaxed)
    }

    /// SIGTERM or SIGHUP, each arrival once.
    pub fn take_new_termination(&self) -> bool {
        self.terminate_again.swap(false, Ordering::Relaxed)
    }
}

/// Whether a signal is ignored now: bit n - 1 of `SigIgn` in proc_pid_status(5).
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or(0) & (1 << (signal - 1)) != 0
}
