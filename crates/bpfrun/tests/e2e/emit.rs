//! What a program can be made into.

use std::fs;

use crate::Case;
use crate::needs::Need;
use crate::support::object;
use crate::support::run;
use crate::support::text;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Need::Clang] => [objects_stay_as_they_are, objects_have_no_source];
    ]
}

/// What is an object already comes out as it went in.
fn objects_stay_as_they_are() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (given, copy) = (object("ring"), dir.path().join("copy.o"));
    run(&[text(&given), "--emit", "object", "-o", text(&copy)]).fine();
    assert!(fs::read(&given).expect("there") == fs::read(&copy).expect("there"));
}

/// From an object there is no way back.
fn objects_have_no_source() {
    for what in ["c", "skeleton"] {
        let outcome = run(&[text(&object("ring")), "--emit", what]);
        assert_eq!(outcome.code, Some(2));
        assert!(
            outcome.stderr.contains("needs the C file"),
            "{}",
            outcome.stderr
        );
    }
}
