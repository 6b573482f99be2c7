//! Command lines that can be shown.

use execsnoop_events::Argv;
use execsnoop_events::Redactor;
use execsnoop_events::quote;
use regex::bytes::Regex;

/// Arguments after this many are left out.
const MOST_ARGS: usize = 64;

/// Arguments after this many bytes are cut.
const MOST_BYTES: usize = 400;

/// Makes command lines that can be shown: masked, cut, quoted.
#[derive(Debug)]
pub struct Labeler {
    redactor: Option<Redactor>,
}

impl Labeler {
    /// Masks secrets if there are `patterns`, which are tried besides the built-in rules.
    pub fn new(patterns: Option<&[Regex]>) -> Self {
        let redactor = patterns.map(Redactor::new);
        Self { redactor }
    }

    /// The command line. Masked first: a part of a secret does not look like one.
    pub fn label(&mut self, args: &Argv<'_>) -> Box<str> {
        let masked = self.redactor.as_mut();
        let masked = masked.and_then(|redactor| redactor.redact(args));
        let args = masked.as_ref().unwrap_or(args);
        let shorter = args.shortened(Some(MOST_ARGS), Some(MOST_BYTES));
        let is_cut = shorter.is_some() || !args.is_complete();
        let args = shorter.as_ref().unwrap_or(args);
        let mut out = Vec::new();
        for (number, arg) in args.iter().enumerate() {
            if number > 0 {
                out.push(b' ');
            }
            match arg {
                Some(arg) => quote::shell(&mut out, arg),
                None => out.extend_from_slice(b"<unreadable>"),
            }
        }
        if is_cut && !args.is_unknown() {
            out.extend_from_slice(b" ...");
        }
        String::from_utf8_lossy(&out).into()
    }
}

/// A name that can be shown.
pub fn shown(name: &[u8]) -> String {
    let mut out = Vec::new();
    quote::plain(&mut out, name);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hostile bytes are escaped, secrets are masked before anything is cut, and long lines are
    /// cut.
    #[test]
    fn labels() {
        let mut plain = Labeler::new(None);
        let label = |labeler: &mut Labeler, block: &[u8]| labeler.label(&Argv::whole(block));
        assert_eq!(
            &*label(&mut plain, b"ls\0-l\0a b\0\x1b[31m\0"),
            "ls -l 'a b' $'\\x1b[31m'"
        );
        assert_eq!(&*plain.label(&Argv::UNKNOWN), "");
        let long = [&b"x\0"[..], &[b'y'; 100_000], b"\0"].concat();
        let cut = label(&mut plain, &long);
        assert!(cut.ends_with("y ...") && cut.len() < 500);
        let mut masking = Labeler::new(Some(&[]));
        let secret = label(&mut masking, b"mysql\0--password=hunter2\0");
        assert_eq!(&*secret, "mysql '--password=[redacted]'");
    }
}
