//! The programs, as source or compiled already.

use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

/// Where compiled ones are, when they are not to be compiled here.
fn objects() -> Option<PathBuf> {
    std::env::var_os("OBJECTS").map(PathBuf::from)
}

/// Whether there is any way to have them.
pub(crate) fn are_there() -> bool {
    let compiles = || {
        let status = Command::new("clang")
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    objects().is_some() || compiles()
}

/// The file of a program: `opens` is an object or opens.c, `counts.bpf` an object or counts.bpf.c.
pub(crate) fn file(name: &str) -> PathBuf {
    if let Some(objects) = objects() {
        return objects.join(format!("{name}.o"));
    }
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let places = ["probes", "bcc"].map(|folder| corpus.join(folder).join(format!("{name}.c")));
    let there = places.into_iter().find(|path| path.exists());
    there.expect("the program is in the corpus")
}

/// What bpfrun is given to run a program.
pub(crate) fn arguments(name: &str) -> Vec<OsString> {
    vec![file(name).into()]
}
