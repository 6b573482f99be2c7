//! The names and owners of cgroups, learned from events.

use foldhash::HashMap;

use crate::event::Cgroup;
use crate::event::CgroupKey;
use crate::identity::CgroupOwner;

/// This many cgroups make a generation.
const KEPT: usize = 8192;

/// So do this many bytes of their paths.
const KEPT_BYTES: usize = 8 << 20;

/// The recently used cgroups, in two generations: memory stays bounded on a machine that creates
/// containers all day.
///
/// A source sends each name once. When a generation ends, it has to send them all again
/// ([`Control::resend_cgroup_names`](crate::Control::resend_cgroup_names)): then it never takes a
/// name for known that is forgotten here a generation later.
#[derive(Debug, Default)]
pub struct Cgroups {
    young: HashMap<CgroupKey, CgroupOwner>,
    old: HashMap<CgroupKey, CgroupOwner>,
    /// Of the paths in `young`, at least.
    young_bytes: usize,
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

    /// The owner of a cgroup, without taking note that it is in use.
    pub fn get(&self, key: CgroupKey) -> Option<&CgroupOwner> {
        self.young.get(&key).or_else(|| self.old.get(&key))
    }

    /// Whether no name was ever sent: there are sources that know none.
    pub fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty()
    }

    /// Ends the generation if it is full: what was not used in it is forgotten. Returns whether it
    /// ended. To be called between batches of events, since the source is told after it.
    pub fn end_full_generation(&mut self) -> bool {
        let is_full = self.young.len() >= KEPT || self.young_bytes >= KEPT_BYTES;
        if is_full {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        is_full
    }

    /// The names that are known, as they can be learned again.
    pub fn names(&self) -> impl Iterator<Item = Cgroup<'_>> {
        let all = self.old.iter().chain(&self.young);
        let mut all: Vec<_> = all.map(|(&key, owner)| (key, owner.path())).collect();
        all.sort_unstable();
        all.into_iter().map(|(key, path)| Cgroup { key, path })
    }

    fn put(&mut self, key: CgroupKey, identity: CgroupOwner) {
        self.young_bytes += identity.path().len();
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

    /// What is told of them makes another one know the same.
    #[test]
    fn names_are_handed_on() {
        let mut cgroups = Cgroups::default();
        for id in 0..KEPT as u64 + 10 {
            learn(&mut cgroups, key(id), format!("/{id}").as_bytes());
            cgroups.end_full_generation();
        }
        let mut other = Cgroups::default();
        cgroups.names().for_each(|cgroup| other.learn(&cgroup));
        for id in 0..KEPT as u64 + 10 {
            assert_eq!(path(&mut other, key(id)), path(&mut cgroups, key(id)));
        }
        assert!(other.names().eq(cgroups.names()));
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
            cgroups.end_full_generation();
        }
        assert!(cgroups.young.len() + cgroups.old.len() <= 2 * KEPT);
        assert!(cgroups.find(key(1)).is_none());
    }

    /// Long paths take bounded memory as well.
    #[test]
    fn long_paths() {
        let mut cgroups = Cgroups::default();
        let path = vec![b'/'; 4096];
        for id in 0..10_000 {
            learn(&mut cgroups, key(id), &path);
            cgroups.end_full_generation();
        }
        let kept = cgroups.young.len() + cgroups.old.len();
        assert!(kept * path.len() <= 2 * KEPT_BYTES, "{kept}");
    }

    /// A source that sends a name once after each end of a generation, and never else: no event
    /// comes from a cgroup whose name is forgotten.
    #[test]
    fn a_source_that_is_asked_again() {
        let mut cgroups = Cgroups::default();
        let (mut sent, mut unknown) = (false, 0);
        for id in 1..200_000 {
            learn(&mut cgroups, key(id), b"/docker/x");
            if id % 70_000 == 1 {
                if !std::mem::replace(&mut sent, true) {
                    learn(&mut cgroups, key(0), b"/init.scope");
                }
                unknown += usize::from(cgroups.find(key(0)).is_none());
            }
            sent &= !cgroups.end_full_generation();
        }
        assert_eq!(unknown, 0);
    }
}
