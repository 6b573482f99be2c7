//! The arguments at the end of a line.

use execsnoop_events::Argv;
use execsnoop_events::Exec;
use execsnoop_events::Image;
use execsnoop_events::quote;

/// What was called, and how.
pub struct Called<'a> {
    pub filename: Option<&'a [u8]>,
    pub script: bool,
    pub failed: bool,
    pub args: Argv<'a>,
}

impl<'a> Called<'a> {
    /// By this exec.
    pub fn by_exec(exec: &Exec<'a>) -> Self {
        Self {
            failed: exec.has_failed(),
            ..Self::by_image(&exec.image())
        }
    }

    /// The image that runs.
    pub fn by_image(image: &Image<'a>) -> Self {
        Self {
            filename: image.filename.or(image.exe),
            script: image.script,
            failed: false,
            args: image.args,
        }
    }

    /// The file name, then the arguments as the caller gave them, without its own name for itself.
    /// (A script's come after the interpreter's, which the kernel put before them.)
    pub fn as_called(&self) -> impl Iterator<Item = Option<&'a [u8]>> + use<'a> {
        // Of processes that were there before the trace, it is not known.
        let filename = self.filename.or_else(|| self.args.iter().next().flatten());
        let own = if self.script {
            self.args
                .iter()
                .position(|arg| arg == filename)
                .unwrap_or(0)
        } else {
            0
        };
        std::iter::once(filename).chain(self.args.iter().skip(own + 1))
    }
}

/// Appends the environment: `NAME=value`, quoted for a shell.
pub fn environment(cell: &mut Vec<u8>, image: &Image<'_>) {
    if let Some(env) = image.env {
        join(cell, env.iter(), |cell, entry| {
            argument(cell, entry, quote::shell)
        });
        if env.is_shortened() {
            cell.extend_from_slice(b" <cut>");
        }
    }
}

/// Appends the items with a blank between them.
pub fn join<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, item: impl Fn(&mut Vec<u8>, T)) {
    for (index, each) in items.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        item(out, each);
    }
}

/// Appends an argument. One that could not be read is marked; it is not shown as empty.
pub fn argument(out: &mut Vec<u8>, arg: Option<&[u8]>, quote: impl Fn(&mut Vec<u8>, &[u8])) {
    match arg {
        Some(arg) => quote(out, arg),
        None => out.extend_from_slice(b"<unreadable>"),
    }
}

/// The bytes without an incomplete character at their end.
pub fn whole_characters(bytes: &[u8]) -> &[u8] {
    let incomplete = |err: &std::str::Utf8Error| err.error_len().is_none();
    match std::str::from_utf8(bytes) {
        Err(err) if incomplete(&err) => &bytes[..err.valid_up_to()],
        _ => bytes,
    }
}
