//! The names and owners of cgroups, learned from events.

use foldhash::HashMap;

use crate::event::Cgroup;
use crate::event::CgroupKey;
use crate::identity::CgroupOwner;

/// At least this many cgroups are kept: more than the BPF programs track (4,096). They send each
/// name once, and do not know which names are evicted here.
const KEPT: usize = 8192;

/// The recently used cgroups. A cgroup is evicted if it was not looked up while [`KEPT`] other
/// cgroups appeared, so memory stays bounded on a machine that creates containers all day.
#[derive(Debug, Default)]
pub struct Cgroups {
    young: HashMap<CgroupKey, CgroupOwner>,
    old: HashMap<CgroupKey, CgroupOwner>,
}

impl Cgroups {
    /// Learns the name of a cgroup.
    pub fn learn(&mut self, cgroup: &Cgroup<'_>) {
        self.old.remove(&cgroup.key);
        self.put(cgroup.key, CgroupOwner::from_path(cgroup.path));
    }

    /// The owner of a cgroup; `None` if its name was not sent.
    pub fn find(&mut self, key: CgroupKey) -> Option<&CgroupOwner> {
        if !self.old.is_empty()
            && let Some(identity) = self.old.remove(&key)
        {
            self.put(key, identity);
        }
        self.young.get(&key)
    }

    fn put(&mut self, key: CgroupKey, identity: CgroupOwner) {
        if self.young.len() >= KEPT && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, identity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Hierarchy;

    fn key(id: u64) -> CgroupKey {
        let hierarchy = Hierarchy::Unified;
        CgroupKey { hierarchy, id }
    }

    fn learn(cgroups: &mut Cgroups, key: CgroupKey, path: &[u8]) {
        cgroups.learn(&Cgroup { key, path });
    }

    fn path(cgroups: &mut Cgroups, key: CgroupKey) -> Option<&[u8]> {
        cgroups.find(key).map(CgroupOwner::path)
    }

    /// The same number means another cgroup in another hierarchy.
    #[test]
    fn hierarchies_are_apart() {
        let mut cgroups = Cgroups::default();
        let memory = CgroupKey {
            hierarchy: Hierarchy::Memory,
            id: 8,
        };
        learn(&mut cgroups, key(8), b"/a");
        learn(&mut cgroups, memory, b"/b");
        assert_eq!(path(&mut cgroups, key(8)), Some(&b"/a"[..]));
        assert_eq!(path(&mut cgroups, memory), Some(&b"/b"[..]));
        assert_eq!(path(&mut cgroups, key(9)), None);
    }

    /// A name can change: a cgroup can be renamed (version 1).
    #[test]
    fn the_last_word_counts() {
        let mut cgroups = Cgroups::default();
        learn(&mut cgroups, key(1), b"/a");
        learn(&mut cgroups, key(1), b"/b");
        assert_eq!(path(&mut cgroups, key(1)), Some(&b"/b"[..]));
    }

    /// A stream of short-lived containers takes bounded memory, and what is in use stays known.
    #[test]
    fn what_is_used_is_kept() {
        let mut cgroups = Cgroups::default();
        learn(&mut cgroups, key(0), b"/init.scope");
        for id in 1..100_000 {
            learn(&mut cgroups, key(id), b"/docker/x");
            if id % 4096 == 0 {
                assert!(cgroups.find(key(0)).is_some(), "after {id}");
            }
        }
        assert!(cgroups.young.len() + cgroups.old.len() <= 2 * KEPT);
        assert!(cgroups.find(key(1)).is_none());
    }
}
