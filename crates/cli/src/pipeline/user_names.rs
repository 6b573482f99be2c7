//! Names of users and groups, each looked up once.

use foldhash::HashMap;
use nix::unistd::Gid;
use nix::unistd::Group;
use nix::unistd::Uid;
use nix::unistd::User;

/// The names that this machine gives to numbers.
#[derive(Debug, Default)]
pub struct UserNames {
    users: HashMap<u32, Option<String>>,
    groups: HashMap<u32, Option<String>>,
    /// The names found here are not those of the machine.
    foreign: bool,
}

impl UserNames {
    /// The names that this process finds. In a container (`in_container`) they are not those of the
    /// machine: then there are none but root's.
    pub fn new(in_container: bool) -> Self {
        Self {
            foreign: in_container,
            ..Self::default()
        }
    }

    /// Whether there are no names but root's.
    pub fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// The names of a user and of a group. A container has names of its own: of a process in one,
    /// only root's are known.
    pub fn of(
        &mut self,
        uid: Option<u32>,
        gid: Option<u32>,
        in_container: bool,
    ) -> (Option<&str>, Option<&str>) {
        let shared = |id: &u32| *id == 0 || !(in_container || self.foreign);
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
