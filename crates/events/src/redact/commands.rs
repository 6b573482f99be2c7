//! The words of a command, one after the other: which program, which options, what follows them.

use std::ops::Range;

use super::names;
use super::pairs::Pairs;
use super::tools;
use super::tools::Text;
use super::tools::Tool;
use super::tools::Value;
use super::values;
use super::words;
use super::words::Word;

/// The maximum nesting of command texts: a shell in a shell in a shell.
const DEEPEST: usize = 4;

/// Looks for secrets in a block of arguments.
pub(super) struct Scan<'a, 's> {
    pub block: &'a [u8],
    /// A stack of words: those of the arguments, and above them those of the current command text.
    pub words: &'s mut Vec<Word>,
    /// Where the secrets are.
    pub masks: &'s mut Vec<Range<usize>>,
}

/// The state of the scan of one command.
struct Command<'a> {
    tool: &'static Tool,
    /// Whether the next word may be the program: at the beginning, and after `sudo` and the like.
    seeking: bool,
    /// Whether the program's options count: `docker login -p` is a password, `docker run -p` is
    /// not.
    active: bool,
    /// The meaning of the next word, and the option that determines it.
    pending: Option<(Value, &'a [u8])>,
    /// The next argument is command text.
    text_next: bool,
    /// The number of words that were not options.
    operands: usize,
    /// The words that the command before it prints, as indices: in a pipe, this one reads them.
    input: Range<usize>,
    /// The index of the first word that it prints.
    prints_from: Option<usize>,
    /// It reads a secret from its standard input.
    reads_secret: bool,
    depth: usize,
}

impl Command<'_> {
    fn new(depth: usize) -> Self {
        Self {
            tool: &tools::UNKNOWN,
            seeking: true,
            active: true,
            pending: None,
            text_next: false,
            operands: 0,
            input: 0..0,
            prints_from: None,
            reads_secret: false,
            depth,
        }
    }

    /// The command that begins at this word, after this one.
    fn next(&self, index: usize) -> Self {
        Self {
            input: self.prints_from.map_or(0..0, |from| from..index),
            ..Self::new(self.depth)
        }
    }

    fn in_text(&self) -> bool {
        self.depth > 0
    }

    /// Takes the word for the program, if it may be one.
    fn recognize(&mut self, word: &[u8]) -> bool {
        let assignment = word.contains(&b'=');
        if !self.seeking || word.is_empty() || assignment {
            return false;
        }
        let started = std::ptr::eq(self.tool, &tools::UNKNOWN);
        if let Some(tool) = tools::find(word) {
            (self.tool, self.seeking, self.operands) = (tool, tool.wraps, 0);
            self.active = tool.after.is_empty();
            return true;
        }
        self.seeking = !started;
        started
    }

    fn is_text(&self, word: &[u8]) -> bool {
        let option = word.starts_with(b"-");
        let spaced = self.tool.text == Text::Any && word.iter().any(u8::is_ascii_whitespace);
        let deeper = self.depth < DEEPEST;
        deeper && !option && (self.text_next || (spaced && self.seeking))
    }

    /// Whether this is the `-c` of a shell, perhaps with others (`-lc`).
    fn announces_text(&self, word: &[u8]) -> bool {
        let cluster = word.strip_prefix(b"-").unwrap_or_default();
        let short = cluster.iter().all(u8::is_ascii_alphabetic) && cluster.contains(&b'c');
        self.tool.text == Text::AfterC && (short || word == b"--command")
    }
}

impl<'a> Scan<'a, '_> {
    /// Goes through all arguments.
    pub(super) fn arguments(mut self) {
        self.run(0, 0);
    }

    fn run(&mut self, from: usize, depth: usize) {
        let mut command = Command::new(depth);
        for index in from..self.words.len() {
            let Word { range, first } = self.words[index].clone();
            if first {
                command = command.next(index);
            }
            self.word(&mut command, range.clone());
            self.pipe(&mut command, index, range);
        }
    }

    /// Masks what a command gets from `echo` if it reads a secret: `echo X | sudo -S id`.
    fn pipe(&mut self, command: &mut Command<'a>, index: usize, range: Range<usize>) {
        let word = &self.block[range.clone()];
        if command.prints_from.is_none() && command.tool.prints {
            command.prints_from = Some(index + 1);
        }
        if command.reads_secret && self.is_here_string(&range) {
            return self.mask(range, b"", true);
        }
        if !command.reads_secret
            && (command.tool.reads_secret(word) || tools::ANY.reads_secret(word))
        {
            command.reads_secret = true;
            self.mask_printed(command.input.clone());
        }
    }

    /// `echo -n X`, `printf '%s' X`: all but options and formats.
    fn mask_printed(&mut self, words: Range<usize>) {
        for index in words {
            let range = self.words[index].range.clone();
            let word = &self.block[range.clone()];
            if !word.starts_with(b"-") && !word.starts_with(b"%s") {
                self.mask(range, b"", true);
            }
        }
    }

    /// Whether `<<<` is before this word.
    fn is_here_string(&self, range: &Range<usize>) -> bool {
        let before = &self.block[..range.start];
        let before = match before {
            [before @ .., b'"' | b'\''] => before,
            before => before,
        };
        before.trim_ascii_end().ends_with(b"<<<")
    }

    fn word(&mut self, command: &mut Command<'a>, range: Range<usize>) {
        let block = self.block;
        let word = &block[range.clone()];
        if self.was_announced(command, &range) {
            return;
        }
        if command.is_text(word) {
            command.text_next = false;
            return self.text(range, command.depth + 1);
        }
        command.text_next |= command.announces_text(word);
        let done = self.option(command, word, &range) || command.recognize(word);
        if !done {
            operand(command, word);
            self.positional(command, word, &range);
        }
        self.pairs(command, range);
    }

    /// Whether the previous word determines the meaning of this one.
    fn was_announced(&mut self, command: &mut Command<'a>, range: &Range<usize>) -> bool {
        let Some((value, name)) = command.pending.take() else {
            return false;
        };
        if value == Value::Second {
            command.pending = Some((Value::Secret, name));
            return true;
        }
        let option = values::is_option(&self.block[range.clone()]);
        if !option {
            self.value(command, value, name, range.clone());
        }
        // A user without a password may still be the URL of something else.
        !option && value == Value::Secret
    }

    fn text(&mut self, range: Range<usize>, depth: usize) {
        let from = self.words.len();
        words::of_text(self.block, range, self.words);
        self.run(from, depth);
        self.words.truncate(from);
    }

    /// Whether this is an option that takes a secret; its value is here, or comes next.
    fn option(&mut self, command: &mut Command<'a>, word: &'a [u8], range: &Range<usize>) -> bool {
        let own = command.active.then(|| command.tool.option(word)).flatten();
        match own.or_else(|| tools::ANY.option(word)) {
            Some((value, Some(at))) => {
                self.value(command, value, word, range.start + at..range.end)
            }
            Some((value, None)) => command.pending = Some((value, word)),
            None => {
                let secret = is_secret_option(word) && !command.tool.spares(word);
                command.pending = secret.then_some((Value::Secret, word)).or(command.pending);
                return false;
            }
        }
        true
    }

    fn positional(&mut self, command: &mut Command<'a>, word: &'a [u8], range: &Range<usize>) {
        if word.starts_with(b"-") {
            return;
        }
        command.operands += 1;
        match command.tool.operand {
            Some((index, value)) if index == command.operands => {
                self.value(command, value, b"", range.clone());
            }
            _ => {}
        }
    }

    /// Masks what is secret in a value.
    fn value(&mut self, command: &Command<'a>, value: Value, name: &[u8], range: Range<usize>) {
        let bytes = &self.block[range.clone()];
        if let Some(secret) = value.secret_in(bytes) {
            let secret = range.start + secret.start..range.start + secret.end;
            self.mask(secret, name, command.in_text());
        }
    }

    fn mask(&mut self, range: Range<usize>, name: &[u8], in_text: bool) {
        if !values::harmless(&self.block[range.clone()], name, in_text) {
            self.masks.push(range);
        }
    }

    fn pairs(&mut self, command: &Command<'a>, range: Range<usize>) {
        let pairs = Pairs {
            text: &self.block[range.clone()],
            in_text: command.in_text(),
            harmless: command.tool.harmless,
        };
        pairs.find(|it| {
            self.masks
                .push(range.start + it.start..range.start + it.end)
        });
    }
}

/// A word that is not an option, but may determine the meaning of the next one.
fn operand<'a>(command: &mut Command<'a>, word: &'a [u8]) {
    command.active |= word == command.tool.after.as_bytes();
    if !command.active {
        return;
    }
    let named = command.tool.names_values && !word.contains(&b'=') && names::is_secret(word);
    let named = named.then_some(Value::Secret);
    let value = command.tool.keyword(word).or(named);
    command.pending = value.map(|value| (value, word)).or(command.pending);
}

/// `--password`, `-storepass`: an option that is followed by a secret.
fn is_secret_option(word: &[u8]) -> bool {
    let by_itself = !word.iter().any(|byte| b"=: \t\n".contains(byte));
    by_itself
        && match word {
            [b'-', b'-', name @ ..] => names::is_secret(name),
            [b'-', name @ ..] => names::is_secret_after_one_dash(name),
            _ => false,
        }
}
