//! Which names mean a secret: of options, variables, fields, headers.

/// Only the end of longer names is examined.
const LONGEST: usize = 64;

/// Names with these endings denote a secret, even without a separator before the ending
/// (`dbpassword`).
const ENDINGS: [&[u8]; 24] = [
    b"password",
    b"passwd",
    b"passphrase",
    b"passcode",
    b"passwort",
    b"pswd",
    b"secret",
    b"token",
    b"apikey",
    b"authkey",
    b"secretkey",
    b"accesskey",
    b"accountkey",
    b"privatekey",
    b"storepass",
    b"keypass",
    b"dbpass",
    b"sshpass",
    b"requirepass",
    b"masterauth",
    b"rootpw",
    b"bindpw",
    b"adminpw",
    b"userpw",
];

/// Names with these last words denote a secret.
const LAST_WORDS: [&[u8]; 39] = [
    b"pass",
    b"pwd",
    b"pw",
    b"psk",
    b"otp",
    b"api-key",
    b"auth-key",
    b"secret-key",
    b"access-key",
    b"account-key",
    b"shared-key",
    b"master-key",
    b"encryption-key",
    b"signing-key",
    b"storage-key",
    b"service-key",
    b"subscription-key",
    b"application-key",
    b"app-key",
    b"license-key",
    b"session-key",
    b"private-key",
    b"ssh-key",
    b"secret-key-base",
    b"secret-value",
    b"secret-string",
    b"token-code",
    b"access-signature",
    b"sas",
    b"authorization",
    b"rediscli-auth",
    b"set-cookie",
    b"setcookie",
    b"cookie",
    b"dockerconfigjson",
    b"vault-pass",
    b"become-pass",
    b"credentials",
    b"creds",
];

/// Whole names that denote a secret.
const WHOLE: [&[u8]; 2] = [b"auth", b"npm-auth"];

/// Parameters of URLs that mean a secret.
const PARAMETERS: [&[u8]; 8] = [
    b"sig",
    b"signature",
    b"key",
    b"auth",
    b"hmac",
    b"x-amz-signature",
    b"x-goog-signature",
    b"code-verifier",
];

/// Names with these beginnings are about secrets, but do not hold one.
const VERBS: [&[u8]; 24] = [
    b"no",
    b"without",
    b"with",
    b"ask",
    b"prompt",
    b"skip",
    b"disable",
    b"enable",
    b"show",
    b"hide",
    b"require",
    b"requires",
    b"need",
    b"force",
    b"generate",
    b"random",
    b"get",
    b"print",
    b"list",
    b"allow",
    b"has",
    b"is",
    b"use",
    b"read",
];

/// Words that change the meaning of the next word: a token of text or of pages, a pass over data,
/// the name of a secret that is stored elsewhere.
const OTHERS: [(&[u8], &[&[u8]]); 3] = [
    (
        b"token",
        &[
            b"next",
            b"page",
            b"max",
            b"min",
            b"start",
            b"starting",
            b"end",
            b"stop",
            b"eos",
            b"bos",
            b"pad",
            b"unk",
            b"mask",
            b"sep",
            b"cls",
            b"num",
            b"per",
            b"sync",
            b"continuation",
            b"resume",
            b"last",
            b"first",
        ],
    ),
    (
        b"pass",
        &[
            b"two", b"one", b"single", b"first", b"second", b"multi", b"max", b"num", b"by",
            b"last", b"per", b"render", b"full", b"final", b"n", b"each", b"lto", b"opt",
        ],
    ),
    (
        b"secret",
        &[b"existing", b"pull", b"tls", b"image-pull", b"cert"],
    ),
];

/// Names with a value that may be a file instead.
const PERHAPS_FILES: [&[u8]; 4] = [b"key", b"credentials", b"creds", b"cookie"];

/// Whether a value with this name is a secret.
pub(super) fn is_secret(name: &[u8]) -> bool {
    let mut buffer = [0; LONGEST];
    let name = normal(name, &mut buffer);
    let whole = WHOLE.contains(&name);
    let ends = ENDINGS.iter().any(|it| name.ends_with(it));
    (whole || ends || LAST_WORDS.iter().any(|it| ends_in_word(name, it))) && !about_secrets(name)
}

/// Whether a URL parameter with this name is a secret.
pub(super) fn is_secret_parameter(name: &[u8]) -> bool {
    let mut buffer = [0; LONGEST];
    PARAMETERS.contains(&normal(name, &mut buffer)) || is_secret(name)
}

/// Whether an option with one dash is one that takes a secret. (`-pass 1` is ffmpeg's.)
pub(super) fn is_secret_after_one_dash(name: &[u8]) -> bool {
    name.len() > 2 && name != b"pass" && is_secret(name)
}

/// Whether its value may be the name of a file.
pub(super) fn perhaps_a_file(name: &[u8]) -> bool {
    let mut buffer = [0; LONGEST];
    let name = normal(name, &mut buffer);
    PERHAPS_FILES.iter().any(|it| name.ends_with(it))
}

/// Whether this is an HTTP header with a secret value, which extends to the end of its line.
pub(super) fn is_secret_header(name: &[u8]) -> bool {
    let mut buffer = [0; LONGEST];
    let known: [&[u8]; 7] = [
        b"authorization",
        b"proxy-authorization",
        b"cookie",
        b"set-cookie",
        b"private-token",
        b"job-token",
        b"api-key",
    ];
    let normal = normal(name, &mut buffer);
    known.contains(&normal) || (normal.starts_with(b"x-") && is_secret(name))
}

/// Whether the value begins with an authentication scheme (`Bearer`), which is not a secret.
pub(super) fn has_scheme(name: &[u8]) -> bool {
    let mut buffer = [0; LONGEST];
    normal(name, &mut buffer).ends_with(b"authorization")
}

fn about_secrets(name: &[u8]) -> bool {
    let first = name.split(|&byte| byte == b'-').next().unwrap_or_default();
    let verb = VERBS.contains(&first) && first.len() < name.len();
    verb || OTHERS
        .iter()
        .any(|(word, before)| is_other(name, word, before))
}

fn is_other(name: &[u8], word: &[u8], before: &[&[u8]]) -> bool {
    let Some(stem) = name.strip_suffix(word) else {
        return false;
    };
    let stem = stem.strip_suffix(b"-").unwrap_or(stem);
    before.iter().any(|it| ends_in_word(stem, it))
}

fn ends_in_word(name: &[u8], word: &[u8]) -> bool {
    let stem = name.strip_suffix(word);
    stem.is_some_and(|stem| stem.is_empty() || stem.ends_with(b"-"))
}

/// `AWS_SECRET_KEY`, `awsSecretKey` and `--aws.secret-key2` as `aws-secret-key`.
fn normal<'a>(name: &[u8], buffer: &'a mut [u8; LONGEST]) -> &'a [u8] {
    // Java's properties and curl's headers may follow their option at once.
    let name = name
        .strip_prefix(b"-D")
        .or(name.strip_prefix(b"-H"))
        .unwrap_or(name);
    let name = trimmed(name);
    let name = &name[name.len().saturating_sub(LONGEST / 2)..];
    let (mut len, mut before) = (0, b'_');
    for &byte in name {
        if byte.is_ascii_uppercase() && before.is_ascii_lowercase() {
            buffer[len] = b'-';
            len += 1;
        }
        let separator = !byte.is_ascii_alphanumeric();
        buffer[len] = if separator {
            b'-'
        } else {
            byte.to_ascii_lowercase()
        };
        (len, before) = (len + 1, byte);
    }
    &buffer[..len]
}

/// Without punctuation around it, and without a number at its end.
fn trimmed(name: &[u8]) -> &[u8] {
    let start = name.iter().position(u8::is_ascii_alphanumeric);
    let end = name.iter().rposition(u8::is_ascii_alphabetic);
    match (start, end) {
        (Some(start), Some(end)) if start <= end => &name[start..=end],
        _ => b"",
    }
}
