//! Object files from strangers: a clear error or a run, and never a crash.

use std::fs;

use proptest::prelude::Rng as _;
use proptest::test_runner::RngAlgorithm;
use proptest::test_runner::TestRng;

use crate::Case;
use crate::needs::Need;
use crate::support::object;
use crate::support::run;
use crate::support::text;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Need::Clang] => [no_objects];
        [Need::Tracing] => [truncated, flipped_bits];
    ]
}

/// Bytes that are no object, and an object for another machine.
fn no_objects() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("program.o");
    let ours = fs::read("/bin/sh").expect("there is a shell");
    for (bytes, word) in [
        (&b"\x7fELF"[..], "not a BPF object file"),
        (
            &b"\x7fELF\xff\xff\xff\xff\xff\xff\xff\xff"[..],
            "not a BPF object file",
        ),
        (&ours[..], "not one for the BPF machine"),
    ] {
        fs::write(&file, bytes).expect("it can be written");
        let outcome = run(&[text(&file), "--duration", "1ms"]);
        assert_eq!(outcome.code, Some(1));
        assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
    }
}

/// Cut off anywhere.
fn truncated() {
    let whole = fs::read(object("ring")).expect("it is there");
    let step = whole.len() / 60;
    for length in (4..whole.len() - 1).step_by(step) {
        survives(&whole[..length], false);
    }
}

/// Some bits are others: mostly an error, sometimes a program that runs.
fn flipped_bits() {
    let whole = fs::read(object("ring")).expect("it is there");
    let mut random = random();
    for _ in 0..150 {
        let mut bytes = whole.clone();
        for _ in 0..1 + random() % 8 {
            let at = random() as usize % bytes.len();
            bytes[at] ^= 1 << (random() % 8);
        }
        survives(&bytes, true);
    }
}

/// Numbers that are the same each time.
fn random() -> impl FnMut() -> u32 {
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    move || random.next_u32()
}

fn survives(bytes: &[u8], may_run: bool) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("program.o");
    fs::write(&file, bytes).expect("it can be written");
    let outcome = run(&[text(&file), "--duration", "1ms"]);
    let fine = outcome.code == Some(1) || (may_run && outcome.code == Some(0));
    if !fine {
        let kept = std::env::temp_dir().join("bpfrun-hostile.o");
        fs::write(&kept, bytes).expect("it can be written");
        panic!("{kept:?}: {outcome:?}");
    }
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
}
