//! Which names are followed and written. As root, with files of another user.

use std::fs;
use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::chown;
use std::os::unix::fs::lchown;
use std::os::unix::fs::symlink;

use nix::unistd::Uid;
use tempfile::TempDir;

use super::*;

const STRANGER: u32 = 65_534;

/// A directory where all can write, as /tmp.
fn shared() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    fs::set_permissions(dir.path(), Permissions::from_mode(0o1777)).expect("it is ours");
    dir
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = Place::of(path)?.open(0o600)?;
    Ok(file.write_all(text.as_bytes())?)
}

fn refusal(path: &Path) -> String {
    write(path, "secret")
        .expect_err("to be refused")
        .to_string()
}

/// Whether files can be given to another user here. Without root those tests check nothing.
fn is_root() -> bool {
    Uid::effective().is_root()
}

/// New files, files of one's own and links of one's own are written, in any directory.
#[test]
fn own_files() {
    let dir = shared();
    let (file, link) = (dir.path().join("file"), dir.path().join("link"));
    write(&file, "one\n").expect("a new file");
    symlink(&file, &link).expect("a link");
    write(&link, "two\n").expect("a link of our own");
    write(&dir.path().join("./file"), "three\n").expect("the same file");
    assert_eq!(
        fs::read_to_string(&file).expect("text"),
        "one\ntwo\nthree\n"
    );
    let mode = fs::metadata(&file).expect("it is there").mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// In a directory where others can write, their files and links are refused, at each step.
#[test]
fn files_of_others() {
    if !is_root() {
        return;
    }
    let (dir, closed) = (shared(), tempfile::tempdir().expect("a directory"));
    let precious = closed.path().join("precious");
    fs::write(&precious, "precious").expect("a file");
    let at = |name: &str| dir.path().join(name);
    fs::write(at("file"), "").expect("a file");
    chown(at("file"), Some(STRANGER), None).expect("as root");
    assert!(refusal(&at("file")).contains("a file of user 65534"));
    nix::unistd::mkfifo(&at("pipe"), Mode::from_bits_truncate(0o622)).expect("a pipe");
    chown(at("pipe"), Some(STRANGER), None).expect("as root");
    assert!(refusal(&at("pipe")).contains("a pipe of user 65534"));
    for (link, target) in [("link", precious.as_path()), ("folder", closed.path())] {
        symlink(target, at(link)).expect("a link");
        lchown(at(link), Some(STRANGER), None).expect("as root");
    }
    assert!(refusal(&at("link")).contains("is one of user 65534"));
    assert!(refusal(&at("folder/precious")).contains("is one of user 65534"));
    fs::hard_link(&precious, at("hard")).expect("the same file system");
    assert!(refusal(&at("hard")).contains("another name"));
    assert_eq!(fs::read_to_string(&precious).expect("text"), "precious");
}

/// A directory of another user is one where others can write, whatever its mode.
#[test]
fn directories_of_others() {
    if !is_root() {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("file"), "").expect("a file");
    chown(dir.path().join("file"), Some(STRANGER), None).expect("as root");
    write(&dir.path().join("file"), "").expect("only root can have put it here");
    chown(dir.path(), Some(STRANGER), None).expect("as root");
    refusal(&dir.path().join("file"));
    write(&dir.path().join("new"), "").expect("a new file is root's own");
}

/// What a path cannot lead to is an error that names it.
#[test]
fn paths_to_nowhere() {
    let dir = tempfile::tempdir().expect("a directory");
    symlink("loop", dir.path().join("loop")).expect("a link");
    fs::write(dir.path().join("file"), "").expect("a file");
    for (name, said) in [
        ("missing/file", "No such file"),
        ("file/below", "Not a directory"),
        ("loop", "Too many"),
        ("", "names no file"),
        ("..", "Is a directory"),
    ] {
        let error = Place::of(&dir.path().join(name)).and_then(|place| place.open(0o600));
        let error = format!("{:#}", error.expect_err("no file"));
        assert!(error.contains(said), "{name}: {error}");
    }
}

/// Names below /proc lead to what a process has open: the kernel follows them.
#[test]
fn open_files_by_number() {
    use std::io::Read as _;
    use std::os::fd::AsRawFd as _;

    let (mut reader, writer) = io::pipe().expect("a pipe");
    let path = format!("/dev/fd/{}", writer.as_raw_fd());
    write(Path::new(&path), "through").expect("a pipe of our own");
    drop(writer);
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("text");
    assert_eq!(text, "through");
}
