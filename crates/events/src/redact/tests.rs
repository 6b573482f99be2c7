//! The corpus (`tests/redaction.txt`), and what holds for any bytes.

use std::cell::RefCell;
use std::hint::black_box;
use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::event::Event;
use crate::event::EventData;
use crate::event::Exec;
use crate::json::tests::ls;

const CORPUS: &str = include_str!("../../tests/redaction.txt");

/// A command line and what it should become.
struct Example {
    given: Vec<u8>,
    expected: Vec<u8>,
}

fn corpus() -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for line in CORPUS
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        match line.split_at(2) {
            ("$ ", given) => examples.push(Example {
                given: block(given),
                expected: block(given),
            }),
            ("> ", expected) => {
                examples.last_mut().expect("a command line before").expected = block(expected)
            }
            _ => panic!("neither given nor expected: {line}"),
        }
    }
    examples
}

/// The arguments that a shell would make of a line.
fn block(line: &str) -> Vec<u8> {
    let (mut out, mut quote) = (Vec::new(), None);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (' ', None) => out.push(0),
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('\\', Some('"') | None) => out.extend(chars.next().map(|c| c as u8)),
            (c, _) => out.extend(c.to_string().bytes()),
        }
    }
    assert_eq!(quote, None, "a quote is not closed: {line}");
    out.push(0);
    out
}

fn text(block: &[u8]) -> String {
    String::from_utf8_lossy(block).replace('\0', "␀")
}

fn redacted(redactor: &mut Redactor, block: &[u8]) -> Vec<u8> {
    match redactor.redact(&Argv::whole(block)) {
        Some(args) => args.parts().0.to_vec(),
        None => block.to_vec(),
    }
}

thread_local! {
    /// To compile the patterns for each case would take long.
    static REDACTOR: RefCell<Redactor> = RefCell::new(Redactor::new(&[]));
    static EVENT_REDACTORS: RefCell<[EventRedactor; 2]> =
        RefCell::new([(); 2].map(|()| EventRedactor::new(&[], true)));
}

fn shown(block: &[u8]) -> Vec<u8> {
    REDACTOR.with_borrow_mut(|redactor| redacted(redactor, block))
}

/// The same without the pass that lets most lines go.
fn looked_at(redactor: &mut Redactor, block: &[u8]) -> Vec<u8> {
    redactor.masks.clear();
    redactor.find_known(block);
    match redactor.mask(block) {
        true => redactor.out.clone(),
        false => block.to_vec(),
    }
}

fn holds(whole: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(whole, part).is_some()
}

/// Every line of the corpus becomes what stands below it, and stays so when it is done again.
#[test]
fn the_corpus() {
    let mut redactor = Redactor::new(&[]);
    let mut wrong = Vec::new();
    for Example { given, expected } in corpus() {
        let once = redacted(&mut redactor, &given);
        if once != expected {
            wrong.push(format!(
                "{}\n  shown    {}\n  expected {}",
                text(&given),
                text(&once),
                text(&expected)
            ));
        }
        assert_eq!(
            text(&redacted(&mut redactor, &once)),
            text(&once),
            "done twice"
        );
    }
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The corpus has what it promises: secrets, and enough that only looks like one.
#[test]
fn the_corpus_is_large() {
    let corpus = corpus();
    let guards = corpus.iter().filter(|it| it.given == it.expected).count();
    assert!(guards >= 60, "{guards} false friends");
    assert!(
        corpus.len() - guards >= 80,
        "{} secrets",
        corpus.len() - guards
    );
}

/// The quick pass lets nothing go in which the rules would find something.
#[test]
fn nothing_slips_through_the_prefilter() {
    let mut redactor = Redactor::new(&[]);
    for Example { given, expected } in corpus() {
        assert_eq!(text(&looked_at(&mut redactor, &given)), text(&expected));
    }
}

/// When nothing is masked the arguments are the caller's own; a mask tells no length.
#[test]
fn what_comes_back() {
    let mut redactor = Redactor::new(&[]);
    assert!(redactor.redact(&Argv::whole(b"ls\0-l\0")).is_none());
    assert!(redactor.redact(&Argv::UNKNOWN).is_none());
    let cut = Argv::cut(b"app\0--token=abcdefghijklm\0--fi", 100);
    let shown = redactor.redact(&cut).expect("a token");
    assert_eq!(shown.parts().0, b"app\0--token=[redacted]\0--fi");
    assert!(!shown.is_complete());
    assert_eq!(
        shown.total_bytes() - shown.known_bytes(),
        100 - cut.known_bytes()
    );
    let secret = Argv::whole(b"app\0--token=abc\0");
    let shown = redactor.redact(&secret).expect("a token");
    assert!(shown.is_complete() && shown.total_bytes() == shown.known_bytes());
}

/// An argument that could not be read stays so, and the part that arrived of one that was cut is
/// masked.
#[test]
fn unreadable_arguments() {
    let mut redactor = Redactor::new(&[]);
    let args = Argv::one_by_one(b"app\0\0--password\0\0x\0", &[1, 3], true);
    assert!(redactor.redact(&args).is_none());
    let args = Argv::one_by_one(b"app\0\0--password\0hunter2\0\0", &[1, 4], true);
    let shown: Vec<_> = redactor.redact(&args).expect("a password").iter().collect();
    assert_eq!(
        shown,
        [
            Some(&b"app"[..]),
            None,
            Some(b"--password"),
            Some(b"[redacted]"),
            None
        ]
    );
    let cut = Argv::cut(b"app\0--password\0hun", 4711);
    let shown: Vec<_> = redactor.redact(&cut).expect("a password").iter().collect();
    assert_eq!(shown.last(), Some(&Some(&b"[redacted]"[..])));
}

/// Variables of the environment, by their names and by what they hold.
#[test]
fn variables() {
    let mut redactor = Redactor::new(&[]);
    let shown = |redactor: &mut Redactor, entry: &str| {
        let env = redactor.redact_environment(&Argv::whole(entry.as_bytes()))?;
        Some(text(env.parts().0))
    };
    for name in [
        "PGPASSWORD",
        "MYSQL_PWD",
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "REDISCLI_AUTH",
        "apiKey",
    ] {
        // The value is what follows the first '=', whatever it is: no quotes, no comparison.
        for value in ["hunter2", "=hunter2", " hunter2", "'a' b"] {
            let masked = shown(&mut redactor, &format!("{name}={value}\0"));
            assert_eq!(masked, Some(format!("{name}={MASK}␀")), "{name}={value}");
        }
    }
    let url = shown(&mut redactor, "DATABASE_URL=postgres://me:hunter2@db/x\0");
    let masked = "DATABASE_URL=postgres://me:[redacted]@db/x␀";
    assert_eq!(url.as_deref(), Some(masked));
    for entry in [
        "PATH=/usr/bin:/bin",
        "PWD=/tmp",
        "PASSWORD=",
        "PASSWORD",
        "KEYMAP=us",
        "SECRET_KEY=$X",
    ] {
        assert_eq!(shown(&mut redactor, &format!("{entry}\0")), None, "{entry}");
    }
}

/// Each variable stands for itself: none is the option before the next. Patterns of the user's see
/// the name, too.
#[test]
fn environments() {
    let pattern = Regex::new("^CUSTOMER=(.*)").expect("valid");
    let mut redactor = Redactor::new(&[pattern]);
    let given = b"--password\0LANG=C\0API_KEY=x\0ODD\0CUSTOMER=42\0MYSQL_PWD=y\0";
    let masked = redactor.redact_environment(&Argv::whole(given));
    let expected =
        "--password␀LANG=C␀API_KEY=[redacted]␀ODD␀CUSTOMER=[redacted]␀MYSQL_PWD=[redacted]␀";
    assert_eq!(text(masked.expect("secrets").parts().0), expected);
}

/// Patterns of the user's: the group if there is one, in each argument by itself.
#[test]
fn own_patterns() {
    let patterns = [r"customer-(\d+)", r"(?i)zebra"].map(|it| Regex::new(it).expect("valid"));
    let mut redactor = Redactor::new(&patterns);
    let given = b"app\0customer-4711\0a Zebra zebra\0customer-\0x\0";
    let expected = b"app\0customer-[redacted]\0a [redacted] [redacted]\0customer-\0x\0";
    assert_eq!(text(&redacted(&mut redactor, given)), text(expected));
    let everything = [Regex::new("[a-e]").expect("valid")];
    let mut redactor = Redactor::new(&everything);
    let once = redacted(&mut redactor, b"xax\0dd\0");
    assert_eq!(
        text(&once),
        "x[redacted]x␀[redacted]␀",
        "two masks that touch"
    );
    assert_eq!(text(&redacted(&mut redactor, &once)), text(&once));
}

/// After any option of these, whatever it is, a secret is not shown.
const OPTIONS: [&str; 24] = [
    "app\0--password\0",
    "app\0--password=",
    "app\0--token\0",
    "app\0--api-key=",
    "app\0--client-secret\0",
    "app\0--secret-key=",
    "app\0--passphrase\0",
    "app\0-storepass\0",
    "app\0-Dx.password=",
    "mysql\0-p",
    "sshpass\0-p\0",
    "sshpass\0-p",
    "curl\0-u\0me:",
    "curl\0-sume:",
    "redis-cli\0-a\0",
    "ldapsearch\0-w\0",
    "mosquitto_sub\0-P\0",
    "7z\0a\0-p",
    "docker\0login\0-p\0",
    "openssl\0x\0-passin\0pass:",
    "env\0PGPASSWORD=",
    "sh\0-c\0X_TOKEN=",
    "sh\0-c\0mysql -p",
    "git\0clone\0https://me:",
];

/// Pieces of command lines.
fn command_line() -> impl Strategy<Value = Vec<u8>> {
    let corpus: Vec<Vec<u8>> = corpus().into_iter().map(|it| it.given).collect();
    let words: Vec<Vec<u8>> = corpus
        .concat()
        .split(|&it| it == 0)
        .map(<[u8]>::to_vec)
        .collect();
    let signs = [
        "'",
        "\"",
        "\\",
        "\\\"",
        "=",
        ":",
        "&",
        "$",
        "://",
        "@",
        MASK,
        "[redac",
        " ",
        "\n",
        "-c",
        "sh",
        "-----BEGIN PRIVATE KEY-----",
        "password '",
    ];
    let piece = prop_oneof![
        4 => proptest::sample::select(words),
        2 => proptest::sample::select(signs.to_vec()).prop_map(|it| it.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..8),
    ];
    let separated = (piece, proptest::sample::select(vec!["\0", "\0", " ", ""]));
    proptest::collection::vec(separated, 0..10).prop_map(|it| {
        it.into_iter()
            .flat_map(|(piece, end)| [piece, end.into()].concat())
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Any bytes will do: as many arguments come out, and the quick pass changes nothing.
    #[test]
    fn total(block in command_line()) {
        let shown = shown(&block);
        let count = |block: &[u8]| Argv::whole(block).iter().count();
        prop_assert_eq!(count(&shown), count(&block));
        let looked_at = REDACTOR.with_borrow_mut(|redactor| looked_at(redactor, &block));
        prop_assert_eq!(text(&looked_at), text(&shown));
    }

    /// What has been masked does not change when it is masked again.
    #[test]
    fn idempotent(block in command_line()) {
        let once = shown(&block);
        prop_assert_eq!(text(&shown(&once)), text(&once));
    }

    /// The same of a whole event: a replay masks what was masked before it was recorded.
    #[test]
    fn events_are_masked_once(
        args in command_line(), env in command_line(), file in command_line(),
    ) {
        let file: Vec<u8> = file.into_iter().filter(|byte| *byte != 0).collect();
        let exec = Exec {
            filename: Some(&file),
            cwd: Some(&file),
            env: Some(Argv::whole(&env)),
            ..ls(Argv::whole(&args))
        };
        let event = Event {
            time: jiff::Timestamp::UNIX_EPOCH,
            boot_ns: 1,
            data: EventData::Exec(exec),
        };
        EVENT_REDACTORS.with_borrow_mut(|[once, twice]| {
            let masked = once.mask(&event, &[]).event.unwrap_or(event);
            let again = twice.mask(&masked, &[]).event.unwrap_or(masked);
            assert_eq!(format!("{again:?}"), format!("{masked:?}"));
        });
    }

    /// No secret is shown, whatever stands around it.
    #[test]
    fn no_secret_is_shown(
        option in proptest::sample::select(OPTIONS.to_vec()),
        secret in "[A-Za-z0-9][A-Za-z0-9!+.*^~-]{7,30}",
        after in proptest::sample::select(vec!["", "\0", "\0x\0", "\0--verbose\0a=b\0"]),
    ) {
        let host = if option.contains("://") { "@host/x" } else { "" };
        let line = [option, &secret, host, after].concat();
        let shown = shown(line.as_bytes());
        prop_assert!(!holds(&shown, secret.as_bytes()), "{}", text(&shown));
        prop_assert!(holds(&shown, MASK.as_bytes()));
    }
}

/// A large argument, made to be slow, is not.
#[test]
fn time_stays_proportional() {
    let mut redactor = Redactor::new(&[]);
    for piece in [
        "password=<",
        "\"password\":\"",
        "://a:b",
        "-p'",
        "token=\\\"",
        "sk-",
        "eyJeyJ.",
        "sh -c ",
        "password '",
        "-----BEGIN PRIVATE KEY-----",
        "a:",
        "psk:",
        "password: ",
        "password:x ",
        "Authorization:",
        "\\'",
    ] {
        let mut line = b"sh\0-c\0".to_vec();
        line.extend(piece.repeat((1 << 16) / piece.len()).bytes());
        let start = Instant::now();
        redacted(&mut redactor, &line);
        let took = start.elapsed();
        assert!(took.as_secs() < 5, "{piece} took {took:?}");
    }
}

/// What it costs per command line: `cargo test --release -p execsnoop-events cost -- --ignored
/// --nocapture`.
#[test]
#[ignore = "measures, and asserts nothing"]
fn cost() {
    let mut redactor = Redactor::new(&[]);
    let compiler = b"/usr/lib/gcc/x86_64-linux-gnu/12/cc1\0-quiet\0-I\0include\0-imultiarch\0x86_64-linux-gnu\0src/main.c\0-dumpdir\0build/\0-mtune=generic\0-march=x86-64\0-g\0-O2\0-Wall\0-fdiagnostics-color=always\0-o\0/tmp/ccX8fZ.s\0";
    let short = b"ls\0--color=auto\0-l\0";
    let url =
        b"curl\0-fsSL\0--retry\x003\0-o\0/tmp/x.tar.gz\0https://example.org/releases/v1/x.tar.gz\0";
    let secret = b"mysql\0-uroot\0-phunter2\0-h\0db\0-e\0select 1\0";
    let shell = b"sh\0-c\0PGPASSWORD=hunter2 psql -h db -U me -c 'select 1' && curl -H 'Authorization: Bearer abc' https://example.org/\0";
    let lines: [(&str, &[u8]); 5] = [
        ("no secret, long", compiler),
        ("no secret, short", short),
        ("no secret, but a URL", url),
        ("a password", secret),
        ("shell text, two secrets", shell),
    ];
    for (name, line) in lines {
        let whole = fastest(|| redactor.redact(black_box(&Argv::whole(line))).is_some());
        let first = fastest(|| redactor.prefilter.may_hold_secrets(black_box(line)));
        println!(
            "{name:25} {:4} bytes {whole:6} ns, the first pass {first} ns",
            line.len()
        );
    }
}

/// Nanoseconds of one call, from the fastest of many short rounds: on a busy machine others run in
/// between.
fn fastest(mut call: impl FnMut() -> bool) -> u128 {
    const CALLS: u128 = 100;
    let mut round = || {
        let start = Instant::now();
        (0..CALLS).for_each(|_| _ = black_box(call()));
        start.elapsed().as_nanos() / CALLS
    };
    (0..2000).map(|_| round()).min().unwrap_or_default()
}

/// Masks that touch become one, and a key may hold bytes that are not UTF-8.
#[test]
fn keys_beside_other_secrets() {
    let mut redactor = Redactor::new(&[]);
    let begin = "-----BEGIN PRIVATE KEY-----";
    for (given, expected) in [
        (
            format!("PASSWORD=hunter2 {begin} session=abcdef\0").into_bytes(),
            "PASSWORD=[redacted]\0".to_owned(),
        ),
        (
            [begin.as_bytes(), b" --apiKey=abc\x80\0"].concat(),
            format!("{begin}[redacted]\0"),
        ),
    ] {
        let once = redacted(&mut redactor, &given);
        assert_eq!(text(&once), expected.replace('\0', "\u{2400}"));
        assert_eq!(redacted(&mut redactor, &once), once);
    }
}
