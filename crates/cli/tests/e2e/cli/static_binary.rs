//! The static binary in root file systems of other distributions, where it has to find names of
//! users without their C library.

use std::fs;
use std::process::Command;
use std::process::Output;

use tempfile::TempDir;

use crate::Case;
use crate::support::execsnoop;
use crate::support::public_dir;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::StaticTracer;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::Need::Unshare;
use crate::support::text;
use crate::support::workload;

/// A user that only these files define.
const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nsomebody:x:4242:4243::/:/bin/sh\n";
const GROUP: &str = "root:x:0:\nsome:x:4243:\nmore:x:4244:somebody\n";

/// What is mounted for execsnoop to trace at all, gone with the mount namespace.
const ENTER: &str =
    "mount -t proc proc \"$0/proc\" && mount -o rbind /sys \"$0/sys\" && exec chroot \"$0\" \"$@\"";

/// A root file system with nothing in it but these files of /etc, execsnoop and the workload.
struct BareRoot(TempDir);

impl BareRoot {
    fn with(files: &[(&str, &str)]) -> Self {
        let dir = public_dir();
        let root = dir.path();
        for place in ["proc", "sys", "etc", "dev"] {
            fs::create_dir(root.join(place)).expect("a directory can be made");
        }
        for (name, contents) in files {
            fs::write(root.join("etc").join(name), contents).expect("a file can be written");
        }
        fs::copy(execsnoop(), root.join("execsnoop")).expect("execsnoop can be copied");
        fs::copy(workload(), root.join("workload")).expect("the workload can be copied");
        Self(dir)
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new("unshare")
            .args(["-m", "sh", "-c", ENTER, text(self.0.path()), "/execsnoop"])
            .args(args)
            .output()
            .expect("unshare can be executed")
    }

    /// Its exit status, and what it said on standard error. A crash has no status.
    #[track_caller]
    fn status(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    }

    #[track_caller]
    fn succeeds(&self, args: &[&str]) -> Output {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{args:?}: {}: {said}",
            output.status
        );
        output
    }

    #[track_caller]
    fn knows_nobody_called(&self, name: &str) {
        let (status, said) = self.status(&["-u", name, "--duration", "1ms"]);
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains("no such user"), "{said}");
    }

    /// Names that are there, names that are not, the list of somebody's groups.
    #[track_caller]
    fn knows_its_files(&self) {
        self.succeeds(&["-u", "root", "--duration", "1ms"]);
        self.succeeds(&["-u", "somebody", "--duration", "1ms"]);
        self.knows_nobody_called("nobody-at-all");
        let command = ["--user", "somebody", "-U", "--", "/workload", "groups"];
        let output = self.succeeds(&command);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "4243\n4244\n");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("/workload groups"), "{said}");
    }
}

/// No nsswitch.conf, as in a container's image.
fn without_nsswitch() {
    BareRoot::with(&[("passwd", PASSWD), ("group", GROUP)]).knows_its_files();
}

/// As Debian, Fedora and SUSE have it: each service behind `files` is a library, and none is there.
fn that_name_systemd() {
    for services in [
        "files systemd",
        "sss files systemd",
        "compat",
        "files winbind ldap",
    ] {
        let nsswitch = format!("passwd: {services}\ngroup: {services} [SUCCESS=merge] systemd\n");
        let files = [
            ("passwd", PASSWD),
            ("group", GROUP),
            ("nsswitch.conf", nsswitch.as_str()),
        ];
        BareRoot::with(&files).knows_its_files();
    }
}

/// Not even a passwd file. Numbers still work.
fn without_anything() {
    let root = BareRoot::with(&[]);
    root.knows_nobody_called("root");
    root.knows_nobody_called("nobody-at-all");
    root.succeeds(&["-u", "0", "--duration", "1ms"]);
    root.succeeds(&["-U", "--", "/workload", "groups"]);
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing, Root, Unshare, StaticTracer] => [
            without_nsswitch, that_name_systemd, without_anything,
        ];
    ]
}
