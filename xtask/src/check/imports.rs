//! `cargo xtask check-imports`: no file imports its own importer, directly or by a circle, and no
//! crate depends on a crate above it; no library names an option of a command.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use super::circles;
use super::circles::Knot;
use super::crates;
use super::flags;
use super::source_tree::Edge;
use super::source_tree::SourceTree;
use crate::build::binaries::workspace;

/// Imports that do not count, as pairs of files: from, to. Each needs a reason in a comment.
const EXCEPTIONS: &[(&str, &str)] = &[];

const REMEDY: &str = "\
Untie it: move what both sides name into a file of its own that imports neither, or hand it over
as a parameter. A parent module that its children import keeps its types in a sibling of theirs.";

/// Prints every circle and every forbidden dependency.
///
/// # Errors
///
/// A file cannot be parsed, or `cargo metadata` fails.
pub(crate) fn check() -> Result<ExitCode> {
    let mut complaints = crates::check()?;
    complaints.extend(flags::check()?);
    for root in roots(workspace())? {
        complaints.extend(check_crate(&root)?);
    }
    complaints
        .iter()
        .for_each(|complaint| eprintln!("{complaint}"));
    if complaints.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("xtask: {} complaints about imports", complaints.len());
    Ok(ExitCode::FAILURE)
}

/// The root files of all crates of the workspace.
fn roots(workspace: &Path) -> Result<Vec<PathBuf>> {
    let crates = fs::read_dir(workspace.join("crates"))?;
    let mut dirs = crates
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    dirs.push(workspace.join("xtask"));
    dirs.sort();
    let files = dirs
        .iter()
        .flat_map(|dir| ["src/lib.rs", "src/main.rs"].map(|file| dir.join(file)));
    Ok(files.filter(|file| file.exists()).collect())
}

fn check_crate(root: &Path) -> Result<Vec<String>> {
    let tree = SourceTree::read(root)?;
    let mut edges = tree.edges();
    edges.retain(|edge| !is_exception(&tree, edge));
    let mut successors = vec![Vec::new(); tree.files.len()];
    for edge in &edges {
        successors[edge.from].push(edge.to);
    }
    let knots = circles::find(&successors);
    Ok(knots
        .iter()
        .map(|knot| describe(&tree, &edges, knot))
        .collect())
}

fn is_exception(tree: &SourceTree, edge: &Edge) -> bool {
    let pair = (name(tree, edge.from), name(tree, edge.to));
    EXCEPTIONS
        .iter()
        .any(|(from, to)| (*from, *to) == (&pair.0, &pair.1))
}

/// A file's path below the root of the project.
fn name(tree: &SourceTree, file: usize) -> String {
    let path = &tree.files[file];
    let path = path.strip_prefix(workspace()).unwrap_or(path);
    path.display().to_string()
}

fn describe(tree: &SourceTree, edges: &[Edge], knot: &Knot) -> String {
    let mut text = "These files import each other:\n".to_owned();
    for (index, &from) in knot.circle.iter().enumerate() {
        let to = knot.circle[(index + 1) % knot.circle.len()];
        let edge = edges.iter().find(|edge| edge.from == from && edge.to == to);
        let (line, path) = edge.map_or((0, ""), |edge| (edge.line, edge.path.as_str()));
        let (from, to) = (name(tree, from), name(tree, to));
        // Writing to a String does not fail.
        let _ = writeln!(text, "    {from}:{line} names {path}, which is in {to}");
    }
    let is_outside = |file: &&usize| !knot.circle.contains(file);
    let rest: Vec<String> = knot
        .nodes
        .iter()
        .filter(is_outside)
        .map(|&file| name(tree, file))
        .collect();
    if !rest.is_empty() {
        let _ = writeln!(text, "In longer circles with them: {}", rest.join(", "));
    }
    text + REMEDY + "\n"
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A crate of these files, relative to `src`.
    fn write_crate(files: &[(&str, &str)]) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn complaints(files: &[(&str, &str)]) -> Vec<String> {
        let dir = write_crate(files);
        check_crate(&dir.path().join("lib.rs")).unwrap()
    }

    #[test]
    fn a_circle_of_two_is_found_with_its_lines() {
        let found = complaints(&[
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "use crate::b::B;\npub struct A(B);"),
            ("b.rs", "\npub struct B(Option<Box<crate::a::A>>);"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("a.rs:1 names crate::b::B"), "{found:?}");
        assert!(found[0].contains("b.rs:2 names crate::a::A"), "{found:?}");
    }

    #[test]
    fn a_circle_of_three_is_found() {
        let found = complaints(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "pub fn a() { crate::b::b() }"),
            ("b.rs", "use crate::c; pub fn b() { c::c() }"),
            ("c.rs", "pub fn c() { println!(\"{}\", super::a::a()) }"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].matches(" names ").count(), 3, "{found:?}");
    }

    #[test]
    fn re_exports_are_followed_to_the_file_that_defines() {
        let found = complaints(&[
            ("lib.rs", "mod a; mod b; pub use b::*; pub use self::a::A;"),
            ("a.rs", "pub struct A(crate::B);"),
            ("b/mod.rs", "mod inner; pub use inner::B;"),
            ("b/inner.rs", "use crate::A; pub struct B(Option<Box<A>>);"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("b/inner.rs:1 names crate::A"),
            "{found:?}"
        );
        assert!(!found[0].contains("lib.rs:"), "{found:?}");
    }

    #[test]
    fn a_parent_that_uses_its_child_is_not_imported_by_it() {
        let found = complaints(&[
            (
                "lib.rs",
                "mod child; pub struct Options; fn run() { child::run(&Options) }",
            ),
            ("child.rs", "use super::Options; pub fn run(_: &Options) {}"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_macro_is_an_item_as_well() {
        let found = complaints(&[
            ("lib.rs", "#[macro_use] mod a; mod b;"),
            ("a.rs", "macro_rules! call { () => { $crate::b::b() } }"),
            ("b.rs", "pub fn b() { call!() }"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_macro_of_the_same_file_comes_first() {
        let found = complaints(&[
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "macro_rules! call { () => {} } pub fn a() { call!() }",
            ),
            (
                "b.rs",
                "macro_rules! call { () => {} } pub fn b() { call!(); crate::a::a() }",
            ),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_diamond_is_fine() {
        let found = complaints(&[
            ("lib.rs", "mod a; mod b; mod c; mod d; pub use a::A;"),
            ("a.rs", "pub struct A(crate::b::B, crate::c::C);"),
            ("b.rs", "pub struct B(pub crate::d::D);"),
            ("c.rs", "use super::d::*; pub struct C(pub D);"),
            ("d.rs", "pub struct D;"),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn tests_visibilities_and_foreign_crates_do_not_count() {
        let found = complaints(&[
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "pub(in crate::b) struct A; use std::fmt; #[cfg(test)] mod tests { use crate::b::B; }",
            ),
            (
                "b.rs",
                "pub struct B(crate::a::A); #[cfg(test)] fn f() { crate::a::g() }",
            ),
        ]);
        assert_eq!(found, [""; 0]);
    }
}
