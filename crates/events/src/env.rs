//! The variables of an environment that were asked for.

use crate::argv::Argv;
use crate::argv::ArgvRest;

/// Which variables are wanted.
#[derive(Debug, Default)]
pub struct EnvChoice {
    names: Vec<Vec<u8>>,
    block: Vec<u8>,
}

impl EnvChoice {
    /// The variables with these names.
    pub fn new(names: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        Self {
            names: names.into_iter().map(Into::into).collect(),
            block: Vec::new(),
        }
    }

    /// Whether no variable is wanted.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The wanted variables of an environment, in its order. If a name occurs twice, the first
    /// variable counts, as in getenv(3).
    pub fn choose(&mut self, env: &Argv<'_>) -> Argv<'_> {
        self.block.clear();
        for entry in env.iter().flatten() {
            let (name, _) = split(entry);
            let wanted = self.names.iter().any(|wanted| wanted == name);
            if wanted && !is_in(&self.block, name) {
                self.block.extend_from_slice(entry);
                self.block.push(0);
            }
        }
        let all = Argv::whole(&self.block);
        let (block, unreadable, rest) = all.parts();
        let rest = ArgvRest {
            shortened: env.is_shortened(), // what was left out may have been wanted
            ..rest
        };
        Argv::from_parts(block, unreadable, rest)
    }
}

fn is_in(block: &[u8], name: &[u8]) -> bool {
    let mut names = Argv::whole(block).iter().flatten().map(split);
    names.any(|(known, _)| known == name)
}

/// The name and the value of an entry. One without `=` is a name without a value.
pub fn split(entry: &[u8]) -> (&[u8], &[u8]) {
    match entry.iter().position(|&byte| byte == b'=') {
        Some(at) => (&entry[..at], &entry[at + 1..]),
        None => (entry, b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names are compared whole; entries without `=`, or without a name before it, are harmless.
    #[test]
    fn only_what_is_asked_for() {
        let env = Argv::whole(b"PATH=/bin\0PATHS=x\0=y\0HOME\0LANG=a=b\0\0PATH=/sbin\0");
        let mut choice = EnvChoice::new(["LANG", "PATH", "HOME"]);
        let chosen: Vec<_> = choice.choose(&env).iter().flatten().map(split).collect();
        let expected: [(&[u8], &[u8]); 3] = [(b"PATH", b"/bin"), (b"HOME", b""), (b"LANG", b"a=b")];
        assert_eq!(chosen, expected);
        assert!(EnvChoice::new([""; 0]).is_empty());
    }
}
