//! The guests' root file system: busybox, execsnoop, its tests, and tools that they use.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;

use crate::process::run::output_of;
use crate::process::run::run;

/// The contents of the root file system.
#[derive(Debug)]
pub(crate) struct Contents<'a> {
    pub(crate) execsnoop: &'a Path,
    pub(crate) e2e: &'a Path,
    pub(crate) workload: &'a Path,
    /// Names of the tests to run; `None` for all.
    pub(crate) tests: Option<&'a [String]>,
    pub(crate) probes: Option<&'a Probes>,
}

/// bpfrun, its tests and their programs.
#[derive(Debug)]
pub(crate) struct Probes {
    pub(crate) bpfrun: PathBuf,
    pub(crate) executable: PathBuf,
    /// The directory of the compiled programs.
    pub(crate) objects: PathBuf,
    /// Names of the tests to run.
    pub(crate) tests: Vec<String>,
}

/// Optional tools of this machine that tests use, and that busybox lacks or has in part.
const TOOLS: [&str; 5] = ["setpriv", "setcap", "unshare", "bpftool", "script"];

/// The users that tests switch to.
const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n";
const GROUP: &str = "root:x:0:\nnogroup:x:65534:\n";

/// Makes it in `dir`, and returns the path of the archive for QEMU.
pub(crate) fn make(contents: &Contents<'_>, dir: &Path) -> Result<PathBuf> {
    let root = dir.join("root");
    for dir_name in ["bin", "etc", "root", "usr/bin", "usr/local/bin"] {
        fs::create_dir_all(root.join(dir_name))?;
    }
    add_busybox(&root)?;
    add_files(contents, &root)?;
    if let Some(probes) = contents.probes {
        add_probes(probes, &root)?;
    }
    add_tools(&root)?;
    pack(&root, &dir.join("initramfs"))
}

/// Debian's package has one of two paths, depending on whether /bin is a link to /usr/bin.
fn add_busybox(root: &Path) -> Result<()> {
    let busybox = root.join("bin/busybox");
    let paths = ["/bin/busybox", "/usr/bin/busybox"];
    let own = paths.iter().find(|path| Path::new(path).exists());
    let own = own.context("busybox is missing (Debian: busybox-static)")?;
    fs::copy(own, &busybox)?;
    for applet in output_of(Command::new(own).arg("--list"))?.lines() {
        if applet != "busybox" {
            symlink("busybox", root.join("bin").join(applet))?;
        }
    }
    Ok(())
}

fn add_files(contents: &Contents<'_>, root: &Path) -> Result<()> {
    let programs = root.join("usr/local/bin");
    fs::copy(contents.execsnoop, programs.join("execsnoop"))?;
    fs::copy(contents.e2e, programs.join("e2e"))?;
    fs::copy(contents.workload, programs.join("workload"))?;
    fs::write(root.join("etc/passwd"), PASSWD)?;
    fs::write(root.join("etc/group"), GROUP)?;
    // A list without names would be taken for all.
    if contents.tests.is_none_or(|tests| !tests.is_empty()) {
        fs::write(
            root.join("tests"),
            contents.tests.unwrap_or_default().join("\n"),
        )?;
    }
    let init = root.join("init");
    fs::write(&init, include_str!("init.sh"))?;
    fs::set_permissions(&init, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn add_probes(probes: &Probes, root: &Path) -> Result<()> {
    let programs = root.join("usr/local/bin");
    fs::copy(&probes.bpfrun, programs.join("bpfrun"))?;
    fs::copy(&probes.executable, programs.join("probes"))?;
    fs::write(root.join("probes"), probes.tests.join("\n"))?;
    let objects = root.join("objects");
    fs::create_dir(&objects)?;
    for object in fs::read_dir(&probes.objects)? {
        let object = object?;
        fs::copy(object.path(), objects.join(object.file_name()))?;
    }
    Ok(())
}

/// Missing tools are left out: the tests that need them are skipped and say so.
fn add_tools(root: &Path) -> Result<()> {
    let mut libraries = BTreeSet::new();
    for tool in TOOLS {
        let Some(path) = find_tool(tool) else {
            continue;
        };
        libraries.extend(libraries_of(&path)?);
        fs::copy(&path, root.join("usr/local/bin").join(tool))?;
    }
    for library in libraries {
        let copy = root.join(library.strip_prefix("/")?);
        fs::create_dir_all(copy.parent().context("a library has a directory")?)?;
        fs::copy(&library, copy)?;
    }
    Ok(())
}

fn find_tool(name: &str) -> Option<PathBuf> {
    let dirs = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
    let mut paths = dirs.iter().map(|dir| Path::new(dir).join(name));
    paths.find(|path| path.exists())
}

/// ldd fails for scripts and static binaries, which need no libraries.
fn libraries_of(program: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(program).output()?;
    Ok(parse_libraries(&String::from_utf8_lossy(&output.stdout)))
}

/// Reads `libc.so.6 => /lib/libc.so.6 (0x7f…)` and `/lib64/ld-linux-x86-64.so.2 (0x7f…)`.
fn parse_libraries(said: &str) -> Vec<PathBuf> {
    let paths = said.lines().filter_map(|line| {
        let path = line.split_once(" => ").map_or(line, |(_, path)| path);
        path.split_whitespace().next()
    });
    let paths = paths.filter(|path| path.starts_with('/'));
    paths.map(PathBuf::from).collect()
}

/// Not compressed: that would only cost the emulated processor time.
fn pack(root: &Path, archive: &Path) -> Result<PathBuf> {
    let script = "cd \"$1\" && find . | cpio --quiet --create --format=newc --owner=0:0 >\"$2\"";
    run(Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(root)
        .arg(archive))?;
    Ok(archive.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_what_ldd_says() {
        let said = "\tlinux-vdso.so.1 (0x00007ffc)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x00007f)\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        let expected = ["/lib/x/libc.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from);
        assert_eq!(parse_libraries(said), expected);
        assert!(parse_libraries("\tstatically linked\n").is_empty());
    }
}
