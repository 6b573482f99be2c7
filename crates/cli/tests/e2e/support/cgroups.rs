//! Cgroups as services and containers have them, made for a test and removed with it.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use crate::support::text;
use crate::support::wait_until;
use crate::support::workload;

/// A cgroup hierarchy that can identify the owner of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hierarchy {
    /// Version 2.
    Unified,
    /// That of version 1 with the memory controller.
    Memory,
    /// That of version 1 with the pids controller.
    Pids,
}

impl Hierarchy {
    /// Where it is mounted, and may be written.
    pub(crate) fn root(self) -> Option<PathBuf> {
        let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
        let mut lines = mounts.lines().map(|line| line.split(' ').collect());
        lines.find_map(|fields: Vec<&str>| self.is(fields[2], fields[3]).then(|| fields[1].into()))
    }

    fn is(self, kind: &str, options: &str) -> bool {
        let has = |controller| kind == "cgroup" && options.split(',').any(|it| it == controller);
        match self {
            Self::Unified => kind == "cgroup2",
            Self::Memory => has("memory"),
            Self::Pids => has("pids"),
        }
    }

    /// Whether groups can be made in it, under the names that the machine's first process sees.
    pub(crate) fn works(self) -> bool {
        const PROC_CGROUP_INIT_INO: u64 = 0xEFFF_FFFB;
        let initial = fs::metadata("/proc/self/ns/cgroup")
            .is_ok_and(|namespace| namespace.ino() == PROC_CGROUP_INIT_INO);
        initial
            && self.root().is_some()
            && Group::try_make(self, &unique("/execsnoop-{ID}")).is_ok()
    }

    /// The hierarchies that are preferred to this one. A process is identified by this one if it is
    /// at the root of those.
    fn before(self) -> &'static [Self] {
        match self {
            Self::Memory => &[],
            Self::Pids => &[Self::Memory],
            Self::Unified => &[Self::Memory, Self::Pids],
        }
    }
}

/// The first hierarchy of the machine that identifies owners: where runtimes put containers.
pub(crate) fn telling() -> Hierarchy {
    let all = [Hierarchy::Memory, Hierarchy::Pids, Hierarchy::Unified];
    all.into_iter()
        .find(|it| it.works())
        .expect("there is a hierarchy, or the test does not run")
}

/// 64 hexadecimal digits that no other container has, and none begins with the same 12.
pub(crate) fn id() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{next:04x}{:08x}{next:04x}", std::process::id()).repeat(4)
}

/// A path with an id of its own in place of `{ID}`.
pub(crate) fn unique(path: &str) -> String {
    path.replace("{ID}", &id())
}

/// A cgroup, and those of its ancestors that did not exist.
#[derive(Debug)]
pub(crate) struct Group {
    hierarchy: Hierarchy,
    path: String,
    made: Vec<PathBuf>,
}

impl Group {
    #[track_caller]
    pub(crate) fn make(hierarchy: Hierarchy, path: &str) -> Self {
        Self::try_make(hierarchy, path).unwrap_or_else(|err| panic!("{hierarchy:?} {path}: {err}"))
    }

    /// In the preferred hierarchy.
    #[track_caller]
    pub(crate) fn telling(path: &str) -> Self {
        Self::make(telling(), path)
    }

    fn try_make(hierarchy: Hierarchy, path: &str) -> std::io::Result<Self> {
        let mut tries = 0;
        loop {
            let mut group = Self {
                hierarchy,
                path: path.to_owned(),
                made: Vec::new(),
            };
            match group.make_dirs() {
                // Another process has removed what we are about to use.
                Err(err) if err.kind() == ErrorKind::NotFound && tries < 100 => tries += 1,
                Err(err) => return Err(err),
                Ok(()) => return Ok(group),
            }
        }
    }

    fn make_dirs(&mut self) -> std::io::Result<()> {
        let mut dir = self.root();
        for name in self.path.clone().split('/').filter(|name| !name.is_empty()) {
            dir.push(name);
            match fs::create_dir(&dir) {
                Err(err) if err.kind() == ErrorKind::AlreadyExists => {}
                made => made.map(|()| self.made.push(dir.clone()))?,
            }
        }
        Ok(())
    }

    fn root(&self) -> PathBuf {
        self.hierarchy.root().expect("it is mounted")
    }

    /// As events show it.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// As the file system shows it.
    pub(crate) fn dir(&self) -> PathBuf {
        self.root().join(self.path.trim_start_matches('/'))
    }

    /// The words before those of a command that is to run in here. What they start is one process.
    pub(crate) fn enter(&self) -> Vec<String> {
        const SCRIPT: &str = "n=$1; shift
            while [ $n -gt 0 ]; do echo 0 > \"$1\" || exit 9; shift; n=$((n-1)); done; exec \"$@\"";
        let roots = self.hierarchy.before().iter().filter_map(|it| it.root());
        let dirs: Vec<PathBuf> = roots.chain([self.dir()]).collect();
        let files = dirs
            .iter()
            .map(|dir| text(&dir.join("cgroup.procs")).to_owned());
        let begin = ["sh", "-c", SCRIPT, "enter", &dirs.len().to_string()].map(str::to_owned);
        begin.into_iter().chain(files).collect()
    }

    /// A command that runs in here.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let enter = self.enter();
        let mut command = Command::new(&enter[0]);
        command.args(&enter[1..]).args(words);
        command
    }

    /// A case of the workload that runs in here.
    pub(crate) fn workload(&self, args: &[&str]) -> Command {
        self.command(&[&[text(&workload())], args].concat())
    }

    /// Removes it. What ran in it must have ended.
    #[track_caller]
    pub(crate) fn remove(self) {
        let dir = self.dir();
        drop(self);
        assert!(!dir.exists(), "{dir:?} is still there");
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(own) = self.made.pop() else {
            return;
        };
        if !std::thread::panicking() {
            wait_until("the cgroup is empty", || is_gone(&own));
        }
        let _ = fs::remove_dir(&own);
        // Others may use the ones above by now.
        for dir in self.made.iter().rev() {
            let _ = fs::remove_dir(dir);
        }
    }
}

/// An ended process leaves its cgroup a moment after it was waited for.
fn is_gone(dir: &Path) -> bool {
    match fs::remove_dir(dir) {
        Ok(()) => true,
        Err(err) => err.kind() == ErrorKind::NotFound,
    }
}
