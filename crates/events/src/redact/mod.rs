//! Secrets in command lines, masked visibly.
//!
//! People pass passwords as arguments, though every user of the machine can read them there. What
//! is written to a file should not keep them. The rules are tables: which names mean a secret
//! ([`names`]), which program options take a secret ([`tools`]), and which texts look like secrets
//! by themselves ([`shapes`]). Command text within an argument (`sh -c '…'`) is read by the same
//! rules.
//!
//! The rules are heuristic. They prefer masking if a name denotes a secret, and prefer showing if
//! there is only a guess: a line of prose is not changed.
//!
//! Nearly all command lines hold no secret. One pass over the bytes ([`prefilter`]) skips these.

mod commands;
mod event;
mod mask;
mod names;
mod pairs;
mod prefilter;
mod shapes;
mod tools;
mod values;
mod words;

#[cfg(test)]
mod tests;

use std::ops::Range;

use regex::bytes::Regex;

use crate::argv::Argv;
use crate::argv::ArgvRest;
use crate::env;
use commands::Scan;
use prefilter::Prefilter;
use shapes::Shapes;
use words::Word;

pub use event::EventRedactor;
pub use event::Masked;
pub use mask::MASK;

/// Masks secrets. Keeps its buffers: what is masked costs no allocation once they have grown.
#[derive(Debug, Clone)]
pub struct Redactor {
    prefilter: Prefilter,
    shapes: Shapes,
    extra: Vec<Regex>,
    words: Vec<Word>,
    masks: Vec<Range<usize>>,
    out: Vec<u8>,
}

impl Redactor {
    /// With patterns of the user's own, each tried on every argument: their first group is masked,
    /// or the whole match where they have none.
    pub fn new(extra_patterns: &[Regex]) -> Self {
        Self {
            prefilter: Prefilter::new(),
            shapes: Shapes::new(),
            extra: extra_patterns.to_vec(),
            words: Vec::new(),
            masks: Vec::new(),
            out: Vec::new(),
        }
    }

    /// The arguments with their secrets masked; `None` when they hold none. Their number does not
    /// change, and those that could not be read stay so.
    pub fn redact<'a>(&'a mut self, args: &Argv<'a>) -> Option<Argv<'a>> {
        let (block, unreadable, rest) = args.parts();
        self.masks.clear();
        self.find(block);
        self.find_own(block);
        if !self.mask(block) {
            return None;
        }
        // The original total would reveal the length of the secrets.
        let missing = rest.total_bytes.saturating_sub(block.len() as u64);
        let rest = ArgvRest {
            total_bytes: self.out.len() as u64 + missing,
            ..rest
        };
        Some(Argv::from_parts(&self.out, unreadable, rest))
    }

    /// The variables of an environment, `NAME=value` each, with their values masked; `None` when
    /// they hold no secret.
    pub fn redact_environment<'a>(&'a mut self, env: &Argv<'a>) -> Option<Argv<'a>> {
        let (block, _, rest) = env.parts();
        self.masks.clear();
        let mut start = 0;
        for entry in block.split(|&byte| byte == 0) {
            let (name, value) = env::split(entry);
            self.find_in_variable(name, value, start + entry.len() - value.len());
            start += entry.len() + 1;
        }
        self.find_own(block);
        self.mask(block).then(|| {
            let rest = ArgvRest {
                total_bytes: self.out.len() as u64,
                ..rest
            };
            Argv::from_parts(&self.out, &[], rest)
        })
    }

    /// Masks a text without a variable or option name, such as a file name; `None` if it has no
    /// secret.
    pub fn redact_text(&mut self, text: &[u8]) -> Option<&[u8]> {
        self.masks.clear();
        self.find(text);
        self.find_own(text);
        self.mask(text).then_some(&self.out)
    }

    /// Adds to `masks` where the secrets of a variable's value are, which begins at `start`.
    fn find_in_variable(&mut self, name: &[u8], value: &[u8], start: usize) {
        let known = self.masks.len();
        if names::is_secret(name) && !values::harmless(value, name, false) {
            self.masks.push(0..value.len());
        } else {
            self.find(value);
        }
        for mask in &mut self.masks[known..] {
            *mask = start + mask.start..start + mask.end;
        }
    }

    /// Adds to `masks` where patterns of the user's match.
    fn find_own(&mut self, block: &[u8]) {
        for pattern in &self.extra {
            own_pattern(pattern, block, &mut self.masks);
        }
    }

    /// Adds to `masks` where the secrets of a block are.
    fn find(&mut self, block: &[u8]) {
        if self.prefilter.may_hold_secrets(block) {
            self.find_known(block);
        }
    }

    fn find_known(&mut self, block: &[u8]) {
        self.shapes.find(block, &mut self.masks);
        self.words.clear();
        words::arguments(block, &mut self.words);
        Scan {
            block,
            words: &mut self.words,
            masks: &mut self.masks,
        }
        .arguments();
    }

    /// Writes the block with its masks to `out`; false when there are none.
    fn mask(&mut self, block: &[u8]) -> bool {
        self.masks
            .retain(|mask| !mask.is_empty() && !within_a_mask(block, mask));
        if self.masks.is_empty() {
            return false;
        }
        self.masks.sort_unstable_by_key(|mask| mask.start);
        self.out.clear();
        let mut done = 0;
        for (index, mask) in self.masks.iter().enumerate() {
            // Masks that overlap or touch are one.
            if index == 0 || mask.start > done {
                self.out.extend_from_slice(&block[done..mask.start]);
                self.out.extend_from_slice(MASK.as_bytes());
            }
            done = done.max(mask.end);
        }
        self.out.extend_from_slice(&block[done..]);
        true
    }
}

/// Where a pattern of the user's matches, in each argument by itself.
fn own_pattern(pattern: &Regex, block: &[u8], masks: &mut Vec<Range<usize>>) {
    let mut start = 0;
    for arg in block.split(|&byte| byte == 0) {
        let found = pattern
            .captures_iter(arg)
            .filter_map(|it| it.get(1).or(it.get(0)));
        masks.extend(found.map(|it| start + it.start()..start + it.end()));
        start += arg.len() + 1;
    }
}

/// Whether this is inside a mask that an earlier redaction left.
fn within_a_mask(block: &[u8], range: &Range<usize>) -> bool {
    let from = range.end.saturating_sub(MASK.len());
    let to = (range.start + MASK.len()).min(block.len());
    let around = block.get(from.min(range.start)..to).unwrap_or_default();
    range.len() <= MASK.len() && memchr::memmem::find(around, MASK.as_bytes()).is_some()
}
