//! What libbpf has to say: kept to explain a failure, and passed on to the log.

use std::sync::Mutex;

use libbpf_rs::PrintLevel;

/// Warnings since the last call of [`take`]. libbpf's callback carries no context, so this is global.
static WARNINGS: Mutex<String> = Mutex::new(String::new());

/// Makes libbpf talk to the log instead of stderr, and starts collecting its warnings.
pub(crate) fn capture() {
    libbpf_rs::set_print(Some((PrintLevel::Debug, on_message)));
    take();
}

/// The warnings collected so far.
pub(crate) fn take() -> String {
    WARNINGS
        .lock()
        .map(|mut warnings| std::mem::take(&mut *warnings))
        .unwrap_or_default()
}

fn on_message(level: PrintLevel, message: String) {
    tracing::debug!(target: "libbpf", "{}", message.trim_end());
    if level == PrintLevel::Warn
        && let Ok(mut warnings) = WARNINGS.lock()
    {
        warnings.push_str(&message);
    }
}
