//! What libbpf has to say: kept to explain a failure, and passed on to the log.

use std::sync::Mutex;

/// What was said since the last call of [`take`]. libbpf's callback carries no context, so this is global,
/// and of two programs that load at once one may be told the other's reasons.
static SAID: Mutex<String> = Mutex::new(String::new());

/// Makes libbpf talk to the log instead of stderr, and starts collecting.
pub(crate) fn capture() {
    crate::sys::capture_messages();
    take();
}

/// The warnings collected so far.
pub(crate) fn take() -> String {
    SAID.lock()
        .map(|mut said| std::mem::take(&mut *said))
        .unwrap_or_default()
}

/// Takes a message of libbpf's.
pub(crate) fn on_message(warning: bool, message: &str) {
    tracing::debug!(target: "libbpf", "{}", message.trim_end());
    // With a log level set, the log of a program that is accepted comes as a debug message.
    if (warning || message.contains("-- BEGIN PROG LOAD LOG --"))
        && let Ok(mut said) = SAID.lock()
    {
        said.push_str(message);
    }
}
