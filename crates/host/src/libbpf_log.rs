//! libbpf's messages: kept to explain a failure, and passed on to the log.

use std::ffi::c_char;
use std::ffi::c_int;
use std::ffi::c_void;
use std::sync::Mutex;

use libbpf_sys::libbpf_print_fn_t;
use libbpf_sys::libbpf_print_level;

/// Messages since the last call of [`take`]. libbpf's callback carries no context, so this is
/// global: of two objects that load at once, one may get the other's messages.
static MESSAGES: Mutex<String> = Mutex::new(String::new());

/// libbpf's callback, as the C library declares its last argument on this machine.
type PrintCallback = unsafe extern "C" fn(libbpf_print_level, *const c_char, *mut c_void) -> c_int;

/// Passes libbpf's messages to the log instead of stderr, and starts collecting them.
///
/// (libbpf-rs can do that as well, but panics at text that is not UTF-8, and names in a hostile
/// object need not be UTF-8.)
pub fn capture() {
    let callback: PrintCallback = on_message;
    // SAFETY: the two types differ only in how they write the last argument, which is a pointer.
    let callback: libbpf_print_fn_t = unsafe { std::mem::transmute(callback) };
    // SAFETY: libbpf keeps a function, which exists as long as the program.
    unsafe { libbpf_sys::libbpf_set_print(callback) };
    take();
}

/// The warnings and verifier logs collected so far.
pub fn take() -> String {
    MESSAGES
        .lock()
        .map(|mut messages| std::mem::take(&mut *messages))
        .unwrap_or_default()
}

unsafe extern "C" fn on_message(
    level: libbpf_print_level,
    format: *const c_char,
    arguments: *mut c_void,
) -> c_int {
    // SAFETY: libbpf calls us with a format and the arguments that belong to it, as vprintf takes
    // them.
    if let Ok(message) = unsafe { vsprintf::vsprintf_raw(format, arguments) } {
        let message = String::from_utf8_lossy(&message);
        keep(level == libbpf_sys::LIBBPF_WARN, &message);
    }
    0
}

fn keep(is_warning: bool, message: &str) {
    tracing::debug!(target: "libbpf", "{}", message.trim_end());
    // With a log level set, the log of an accepted program comes as a debug message.
    if (is_warning || message.contains("-- BEGIN PROG LOAD LOG --"))
        && let Ok(mut messages) = MESSAGES.lock()
    {
        messages.push_str(message);
    }
}
