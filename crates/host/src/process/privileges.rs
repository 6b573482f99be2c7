//! Giving up what is not needed any more.

use caps::CapSet;
use caps::Capability;
use caps::CapsHashSet;
use caps::errors::CapsError;

/// Drops every capability but those in `keep`, and with them the ways to get one back: what was
/// needed to load and attach is not needed to read.
///
/// The bounding set stays as it is, which does not matter: no_new_privs makes it useless.
pub fn drop_capabilities(keep: &[Capability]) -> Result<(), CapsError> {
    let had = caps::read(None, CapSet::Permitted)?;
    let keep: CapsHashSet = keep
        .iter()
        .copied()
        .filter(|cap| had.contains(cap))
        .collect();
    if let Err(errno) = nix::sys::prctl::set_no_new_privs() {
        tracing::debug!("no_new_privs: {errno}");
    }
    // Ambient capabilities came with 4.3; a kernel with BTF has them.
    caps::clear(None, CapSet::Ambient)?;
    caps::set(None, CapSet::Effective, &keep)?;
    caps::set(None, CapSet::Permitted, &keep)?;
    caps::set(None, CapSet::Inheritable, &CapsHashSet::new())
}

/// Tries something as it would be without `capability`, which is in effect again afterwards.
pub fn without_capability<T>(
    capability: Capability,
    attempt: impl FnOnce() -> T,
) -> Result<T, CapsError> {
    let had = caps::has_cap(None, CapSet::Effective, capability)?;
    caps::drop(None, CapSet::Effective, capability)?;
    let outcome = attempt();
    if had {
        caps::raise(None, CapSet::Effective, capability)?;
    }
    Ok(outcome)
}
