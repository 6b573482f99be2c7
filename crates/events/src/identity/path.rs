//! The components of a cgroup's path.

/// The names in a path with where they begin. Several slashes are one.
pub(super) fn components(path: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    path.split(|&byte| byte == b'/').filter_map(move |name| {
        let start = at;
        at += name.len() + 1;
        (!name.is_empty()).then_some((start, name))
    })
}
