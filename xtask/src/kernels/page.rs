//! docs/kernels.md: a chapter of tables for each backend.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Result;
use clap::ValueEnum as _;

use super::suite::Backend;

/// What the page says before its tables.
const INTRODUCTION: &str = "\
# Kernels

End-to-end tests on Debian's kernels: the newest package of each series and of each release of
Debian that it is built for. The line above each table says which tests. Written by
`cargo xtask kernels --write docs/kernels.md`, with `--backend` for each chapter. The processor is
emulated and the machine was not idle: the times do not show what loading costs on real hardware.

With the core backend each set also tests bpfrun's kprobes, trampolines and LSM hooks (`bpfrun::`).
The guests have no compiler: the programs were compiled on the machine that boots the guests, with
the types of its kernel, and were relocated in each guest.
";

/// Replaces the chapter of `backend`; the other backends' chapters stay.
///
/// # Errors
///
/// The file cannot be read or written.
pub(super) fn write(file: &Path, backend: Backend, text: &str) -> Result<()> {
    let before = match std::fs::read_to_string(file) {
        Ok(before) => before,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(std::fs::write(file, page(&before, backend, text))?)
}

/// A chapter for each backend: the chapter of `backend` becomes `text`, the others stay.
fn page(before: &str, backend: Backend, text: &str) -> String {
    let mut page = INTRODUCTION.to_owned();
    for each in Backend::value_variants() {
        let heading = format!("\n## {}\n\n", each.chapter());
        let kept = before.split_once(&heading);
        let kept = kept.map(|(_, rest)| rest.split_once("\n## ").map_or(rest, |(kept, _)| kept));
        let chapter = if *each == backend { Some(text) } else { kept };
        if let Some(chapter) = chapter {
            page += &heading;
            page += chapter;
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In either order, and repeatedly.
    #[test]
    fn each_backend_has_a_chapter() {
        let core = page("", Backend::Core, "| a |\n");
        assert!(core.ends_with("\n## Core\n\n| a |\n"), "{core}");
        let both = page(&core, Backend::Classic, "| b |\n");
        assert_eq!(
            both.strip_prefix(&core),
            Some("\n## Classic: the kernels hide their BTF\n\n| b |\n")
        );
        assert_eq!(page(&both, Backend::Classic, "| b |\n"), both);
        assert_eq!(page(&both, Backend::Core, "| a |\n"), both);
        let classic = page("", Backend::Classic, "| b |\n");
        assert_eq!(page(&classic, Backend::Core, "| a |\n"), both);
    }
}
