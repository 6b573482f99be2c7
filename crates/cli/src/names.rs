//! Names of users and groups, asked for once each.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use foldhash::HashMap;
use nix::unistd::Gid;
use nix::unistd::Group;
use nix::unistd::Uid;
use nix::unistd::User;

/// The names that this machine gives to numbers.
#[derive(Debug, Default)]
pub struct Names {
    users: HashMap<u32, Option<String>>,
    groups: HashMap<u32, Option<String>>,
    /// We are in a container: its names are not those of the machine.
    foreign: bool,
}

impl Names {
    /// Names for the processes of this machine.
    pub fn of_this_machine() -> Self {
        Self {
            foreign: in_container(),
            ..Self::default()
        }
    }

    /// Whether there are none but root's: in a container, the machine's are not known.
    pub fn foreign(&self) -> bool {
        self.foreign
    }

    /// The names of a user and of a group, for a process that is in a container or is not: a container has
    /// names of its own, of which only root's are shared.
    pub fn of(
        &mut self,
        uid: Option<u32>,
        gid: Option<u32>,
        contained: bool,
    ) -> (Option<&str>, Option<&str>) {
        let shared = |id: &u32| *id == 0 || !(contained || self.foreign);
        let (uid, gid) = (uid.filter(shared), gid.filter(shared));
        (
            uid.and_then(|uid| name_of(&mut self.users, uid, user)),
            gid.and_then(|gid| name_of(&mut self.groups, gid, group)),
        )
    }
}

fn name_of(
    known: &mut HashMap<u32, Option<String>>,
    id: u32,
    find: impl Fn(u32) -> Option<String>,
) -> Option<&str> {
    known.entry(id).or_insert_with(|| find(id)).as_deref()
}

fn user(uid: u32) -> Option<String> {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    user.map(|user| user.name)
}

fn group(gid: u32) -> Option<String> {
    let group = Group::from_gid(Gid::from_raw(gid)).ok().flatten();
    group.map(|group| group.name)
}

/// Whether the list of users that we see is another one than that of the machine's first process.
fn in_container() -> bool {
    if execsnoop_probe::in_pid_namespace() {
        return true;
    }
    let file = |path| fs::metadata(path).map(|meta| (meta.dev(), meta.ino()));
    match (file("/etc/passwd"), file("/proc/1/root/etc/passwd")) {
        (Ok(ours), Ok(machines)) => ours != machines,
        _ => false,
    }
}
