//! Harmless values, which are not masked even if their name denotes a secret.

use super::mask::MASK;
use super::names;

/// Values that mean yes or no are not secrets.
const SWITCHES: [&[u8]; 9] = [
    b"true", b"false", b"yes", b"no", b"none", b"null", b"nil", b"on", b"off",
];

/// The delimiters of a reference that is substituted elsewhere.
const REFERENCES: [(&[u8], &[u8]); 7] = [
    (b"${", b"}"),
    (b"$(", b")"),
    (b"`", b"`"),
    (b"{{", b"}}"),
    (b"<", b">"),
    (b"%{", b"}"),
    (b"!vault", b""),
];

const FILE_ENDINGS: [&[u8]; 8] = [
    b".pem", b".key", b".json", b".crt", b".p12", b".txt", b".jks", b".yaml",
];

/// Whether the value of `name` is harmless. In command text, `$name` is a variable; elsewhere a
/// shell would have replaced it, and only `$NAME` counts as a variable.
pub(super) fn harmless(value: &[u8], name: &[u8], in_text: bool) -> bool {
    let empty = value.iter().all(|byte| b"\"' \t\r\n".contains(byte));
    let switch = SWITCHES.iter().any(|it| value.eq_ignore_ascii_case(it));
    let file = names::perhaps_a_file(name) && is_file(value);
    empty
        || switch
        || file
        || is_ports(value)
        || is_masked(value)
        || is_reference(value, in_text)
        || is_directory(value, name)
}

/// Whether this is an option rather than the value of the option before it. (A long one that looks
/// like chance is a secret that begins with a dash.)
pub(super) fn is_option(word: &[u8]) -> bool {
    let has = |kind: fn(&u8) -> bool| word.iter().any(kind);
    let by_chance = word.len() >= 20
        && !word.contains(&b'=')
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase);
    word.len() > 1 && word[0] == b'-' && !by_chance
}

/// Masked already, by this crate or by another program.
fn is_masked(value: &[u8]) -> bool {
    value == MASK.as_bytes() || value.iter().all(|&byte| byte == b'*')
}

fn is_reference(value: &[u8], in_text: bool) -> bool {
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let value = value.strip_suffix(b"\"").unwrap_or(value);
    let within = |(open, close): &(&[u8], &[u8])| {
        let rest = value.strip_prefix(*open);
        rest.is_some_and(|rest| rest.ends_with(close))
    };
    REFERENCES.iter().any(within)
        || value
            .strip_prefix(b"$")
            .is_some_and(|it| is_variable(it, in_text))
}

fn is_variable(name: &[u8], in_text: bool) -> bool {
    let shouted = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'_' || byte.is_ascii_digit();
    let any = |byte: &u8| byte.is_ascii_alphanumeric() || b"_@*#?".contains(byte);
    match in_text {
        true => name.iter().all(any),
        false => !name.is_empty() && name.iter().all(shouted),
    }
}

/// `3306:3306`: the meaning of `-p` for container tools.
fn is_ports(value: &[u8]) -> bool {
    let ports = |byte: &u8| byte.is_ascii_digit() || *byte == b':';
    value.contains(&b':') && value.iter().all(ports)
}

fn is_file(value: &[u8]) -> bool {
    let starts: [&[u8]; 5] = [b"/", b"./", b"../", b"~/", b"file:"];
    starts.iter().any(|it| value.starts_with(it))
        || FILE_ENDINGS.iter().any(|it| value.ends_with(it))
}

/// `PWD` and `OLDPWD` are directories; `Pwd=` in a connection string is a password.
fn is_directory(value: &[u8], name: &[u8]) -> bool {
    let name = name.strip_prefix(b"--").unwrap_or(name);
    name.eq_ignore_ascii_case(b"pwd") && (is_file(value) || value == b".")
}
