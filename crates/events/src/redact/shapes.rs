//! Secrets that are recognized by their shape, at any position.

use std::ops::Range;

use memchr::memmem;
use regex::bytes::Regex;

/// Tokens with a vendor's prefix. (Access key ids, AKIA…, only name a key, and are not secrets.)
const TOKENS: &str = concat!(
    r"\b(?:gh[opsur]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255}",
    r"|gl(?:pat|ptt|rt|dt|soat|cbt|ft|agent|oas|imt)-[A-Za-z0-9_.-]{20,255}",
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,255}|xapp-[A-Za-z0-9-]{20,255}",
    r"|sk-[A-Za-z0-9_-]{20,255}|[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}",
    r"|hv[bsr]\.[A-Za-z0-9_-]{20,255}|npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{16,255}",
    r"|do[opr]_v1_[0-9a-f]{64}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,255}",
    r"|SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}|hf_[A-Za-z0-9]{30,255}",
    r"|dckr_pat_[A-Za-z0-9_-]{20,255}|AGE-SECRET-KEY-1[0-9A-Z]{50,64}",
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+)",
);

/// Secrets that are recognized by the text before them: the first group.
const SURROUNDED: [&str; 6] = [
    r"(?s)-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----((?-u:[^\x00])*?)(?:-----END|\x00|$)",
    r"(?i)\b(?:identified\s+(?:with\s+\S{1,64}\s+)?by|password)\s*[\s(]\s*'((?-u:[^'\x00])+)'",
    r"hooks\.slack\.com/services/([A-Za-z0-9/_-]+)",
    r"api\.telegram\.org/bot[0-9]+:([A-Za-z0-9_-]+)",
    r"discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[0-9]+/([A-Za-z0-9_-]+)",
    r"\.webhook\.office\.com/webhookb2/([A-Za-z0-9@/_-]+)",
];

/// The maximum distance between a slash in a password and the end of the password.
const LONGEST_LATE: usize = 256;

/// The shapes, compiled.
#[derive(Debug, Clone)]
pub(super) struct Shapes {
    tokens: Regex,
    surrounded: Vec<Regex>,
    scheme: memmem::Finder<'static>,
}

impl Shapes {
    pub(super) fn new() -> Self {
        let compile = |pattern: &str| Regex::new(pattern).expect("the constants are valid");
        Self {
            tokens: compile(&TOKENS.replace(r"\b", r"(?-u:\b)")),
            surrounded: SURROUNDED.into_iter().map(compile).collect(),
            scheme: memmem::Finder::new("://"),
        }
    }

    /// Adds where they are in a block.
    pub(super) fn find(&self, block: &[u8], masks: &mut Vec<Range<usize>>) {
        let tokens = self.tokens.find_iter(block).map(|it| it.range());
        masks.extend(tokens.filter(|it| looks_random(&block[it.clone()])));
        for pattern in &self.surrounded {
            let groups = pattern.captures_iter(block).filter_map(|it| it.get(1));
            masks.extend(
                groups
                    .map(|it| it.range())
                    .filter(|it| !is_reference(&block[it.clone()])),
            );
        }
        let ends = self.scheme.find_iter(block).map(|at| at + 3);
        for start in ends {
            masks.extend(url_password(block, start).or_else(|| url_token(block, start)));
        }
    }
}

/// Words with dashes have neither digits nor capitals within.
fn looks_random(token: &[u8]) -> bool {
    let has = |kind: fn(&u8) -> bool| token.iter().any(kind);
    has(u8::is_ascii_digit) || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase))
}

/// The shortest user name in a URL that is taken for a token. The names that services ask for
/// (`git`, `oauth2`, `x-access-token`) are shorter.
const SHORTEST_TOKEN: usize = 20;

/// The token in `token@host`, which begins at `start`.
fn url_token(block: &[u8], start: usize) -> Option<Range<usize>> {
    let in_token = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let length = block[start..].iter().take_while(in_token).count();
    let token = start..start + length;
    let is_token = block.get(token.end) == Some(&b'@')
        && length >= SHORTEST_TOKEN
        && block[token.clone()].iter().any(u8::is_ascii_digit);
    is_token.then_some(token)
}

fn is_reference(value: &[u8]) -> bool {
    super::values::harmless(value, b"", true)
}

/// The password in `user:password@host`, which begins at `start`.
fn url_password(block: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = &block[start..];
    let ends = |byte: &u8| ends_url(byte) || b"/?#".contains(byte);
    let authority = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
    let colon = memchr::memchr(b':', authority)?;
    let at = match memchr::memrchr(b'@', authority) {
        Some(at) => at,
        None => late_at(rest, authority, colon)?,
    };
    let password = start + colon + 1..start + at;
    let shown = colon >= at || is_reference(&block[password.clone()]);
    (!shown).then_some(password)
}

fn ends_url(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || b"\0\"'<>`".contains(byte)
}

/// The `@` after a password that contains an unescaped slash. A text that looks like a port is
/// treated as a port.
fn late_at(rest: &[u8], authority: &[u8], colon: usize) -> Option<usize> {
    let port = &authority[colon + 1..];
    let is_port = port.iter().all(u8::is_ascii_digit) || port.starts_with(b"$");
    if is_port || authority.starts_with(b"[") || authority.starts_with(b"$") {
        return None;
    }
    let late = &rest[authority.len()..];
    let late = &late[..late.len().min(LONGEST_LATE)];
    let at = late
        .iter()
        .position(|byte| ends_url(byte) || *byte == b'@')?;
    (late[at] == b'@').then_some(authority.len() + at)
}
