//! What command lines mean.

use super::*;
use crate::pipeline::EventType;

fn parse(words: &[&str]) -> Result<TraceArgs, clap::Error> {
    TraceArgs::try_parse_from(["execsnoop"].iter().chain(words))
}

/// No two options clash.
#[test]
fn options_are_consistent() {
    CommandLine::command().debug_assert();
}

/// A verb is the first word, and stands alone; everything else is a live trace.
#[test]
fn verbs() {
    let line = |words: &[&str]| CommandLine::try_parse_from(["execsnoop"].iter().chain(words));
    let verb = |words: &[&str]| line(words).expect("valid").verb;
    assert!(matches!(verb(&["doctor"]), Some(Verb::Doctor(_))));
    let Some(Verb::Doctor(doctor)) = verb(&["doctor", "--form", "json", "-v"]) else {
        panic!("that is for the doctor");
    };
    assert!(doctor.format == ReportFormat::Json && doctor.verbose);
    for trace in [
        &[][..],
        &["-x"],
        &["-n", "doctor"],
        &["--", "doctor"],
        &["-x", "--", "doctor", "--format"],
    ] {
        assert!(verb(trace).is_none(), "{trace:?}");
    }
    let command = line(&["--", "doctor"]).expect("valid").trace.command;
    assert_eq!(command, ["doctor"]);
    for wrong in [
        &["-x", "doctor"][..],
        &["doctor", "-x"],
        &["doctor", "now"],
        &["doc"],
        &["help"],
    ] {
        assert!(line(wrong).is_err(), "{wrong:?}");
    }
}

/// Every option of bcc's and libbpf-tools' execsnoop is taken, in their spellings.
#[test]
fn takes_the_peers_options() {
    let bcc =
        "-T -t -x --cgroupmap /a --mntnsmap /b -u root -q -n x -l y -U -C -M --max-args 5 -P 1";
    let libbpf = "--time --timestamp --fails --uid 0 --quote --name x --line y --print-uid \
                  --max-args 5 --verbose --cgroup /sys/fs/cgroup";
    for options in [bcc, libbpf, "--max 5 --print-u --times", "--max-arg 5"] {
        let words: Vec<&str> = options.split_whitespace().collect();
        parse(&words).unwrap_or_else(|err| panic!("{options}: {err}"));
    }
    assert_eq!(parse(&["-u", "root"]).expect("valid").select.uid, Some(0));
    assert_eq!(parse(&["-u", "0"]).expect("valid").select.uid, Some(0));
    assert!(parse(&["-u", "nobody-at-all"]).is_err());
}

/// What is shown, by default and otherwise: no option takes another's events away.
#[test]
fn event_types() {
    let shown = |words: &[&str]| {
        let types = parse(words).expect("valid").types();
        EventType::ALL.map(|event_type| types.contains(event_type))
    };
    assert_eq!(shown(&[]), [true, false, false, false, false]);
    assert_eq!(shown(&["-x"]), [true, true, false, false, false]);
    assert_eq!(shown(&["-d"]), [false, false, false, false, true]);
    assert_eq!(shown(&["-dx"]), [false, true, false, false, true]);
    assert_eq!(
        shown(&["--events", "fork"]),
        [false, false, true, false, false]
    );
    assert_eq!(
        shown(&["-x", "--events", "exec,exit"]),
        [true, true, false, true, false]
    );
    assert_eq!(
        shown(&["-d", "--events", "exec"]),
        [true, false, false, false, true]
    );
    assert_eq!(
        shown(&["--fold", "--events", "exec"]),
        [true, true, false, false, false]
    );
}

/// A condition may begin with a minus sign.
#[test]
fn negative_conditions() {
    let parsed = parse(&["--filter", "-uid < -5", "-x"]).expect("valid");
    assert_eq!(parsed.select.filter.as_deref(), Some("-uid < -5"));
    assert!(parsed.select.fails);
}

/// The options of every example are valid, here and in the README's and the filters' documents.
#[test]
fn examples_are_valid() {
    let documents = [
        examples::SHORT,
        examples::LONG,
        include_str!("../../../../README.md"),
        include_str!("../../../../docs/filters.md"),
    ];
    let mut count = 0;
    for line in documents.into_iter().flat_map(str::lines) {
        for words in commands(line) {
            let parsed = CommandLine::try_parse_from(&words);
            if let Err(error) = parsed {
                let is_help = error.kind() == ErrorKind::DisplayHelp;
                assert!(is_help, "{line}\n{error}");
            }
            count += 1;
        }
    }
    assert!(count > 30, "only {count} examples were found");
}

/// The execsnoop command lines in a line of text: at its beginning, or in backquotes.
fn commands(line: &str) -> Vec<Vec<String>> {
    let quoted = line.split('`').skip(1).step_by(2);
    let whole = line.trim_start().trim_start_matches("$ ");
    let comment = whole.split("  ").next().unwrap_or_default();
    quoted
        .chain([comment])
        .filter_map(|text| {
            let text = text.trim().trim_start_matches("sudo ");
            let text = text.replace("\\|", "|"); // as tables of Markdown write it
            let command = text.split(" | ").next().unwrap_or_default();
            let words = split_words(command.split(" > ").next()?.split(" # ").next()?)?;
            let is_whole = words.first().is_some_and(|word| word == "execsnoop")
                && words.iter().all(|word| !word.contains("..."));
            is_whole.then_some(words)
        })
        .collect()
}

/// Words as a shell splits them, for what examples use; `$$` and the like are pids.
fn split_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ') if !word.is_empty() => words.push(std::mem::take(&mut word)),
            (None, ' ') => {}
            (None, '$') => word.push('1'),
            (None, c) => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    quote.is_none().then_some(words)
}
