//! Units, as systemd itself finds them in a cgroup path (`cg_path_get_unit` and
//! `cg_path_get_user_unit` there).

use std::ops::Range;

use super::path::components;

/// The types of units that have cgroups of their own or may be named by a user.
const TYPES: [&[u8]; 11] = [
    b".service",
    b".scope",
    b".slice",
    b".socket",
    b".mount",
    b".swap",
    b".target",
    b".timer",
    b".path",
    b".automount",
    b".device",
];

/// The longest name of a unit (`UNIT_NAME_MAX` is 256, with the NUL).
const LONGEST: usize = 255;

/// The position of the unit's name: the first component that is not a slice, if that is a unit.
pub(super) fn unit(path: &[u8]) -> Option<Range<usize>> {
    decode(below_slices(components(path)).next()?)
}

/// The same below a user's service manager, or below a session (where old systemd put the units of
/// a user).
pub(super) fn user_unit(path: &[u8]) -> Option<Range<usize>> {
    let mut rest = below_slices(components(path));
    let (_, name) = rest.next()?;
    if !is_user_manager(name) && !is_session(name) {
        return None;
    }
    decode(below_slices(rest).next()?)
}

/// Whether a name ends in a unit type.
pub(super) fn has_type(name: &[u8]) -> bool {
    TYPES.iter().any(|suffix| name.ends_with(suffix))
}

fn below_slices<'a>(
    names: impl Iterator<Item = (usize, &'a [u8])>,
) -> impl Iterator<Item = (usize, &'a [u8])> {
    names.skip_while(|(_, name)| is_slice(unescaped(name)))
}

/// systemd puts an underscore before a name that would clash with a file of the kernel.
fn unescaped(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"_").unwrap_or(name)
}

fn decode((start, name): (usize, &[u8])) -> Option<Range<usize>> {
    let unit = unescaped(name);
    let end = start + name.len();
    (is_unit(unit) && !unit.ends_with(b".slice")).then_some(end - unit.len()..end)
}

/// Whether this is the name of a unit, and not of a template (`getty@.service`).
fn is_unit(name: &[u8]) -> bool {
    let Some(suffix) = TYPES.iter().find(|suffix| name.ends_with(suffix)) else {
        return false;
    };
    let stem = &name[..name.len() - suffix.len()];
    let template = stem.iter().position(|&byte| byte == b'@') == Some(stem.len().wrapping_sub(1));
    let valid = |byte: &u8| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(byte);
    let named = !stem.is_empty() && !stem.starts_with(b"@") && stem.iter().all(valid);
    named && !template && name.len() <= LONGEST
}

/// `a-b.slice` is below `a.slice`, so that dashes have nothing empty between them. (`-.slice` is
/// the root.)
fn is_slice(name: &[u8]) -> bool {
    let Some(stem) = name.strip_suffix(b".slice") else {
        return false;
    };
    let parts = !stem.split(|&byte| byte == b'-').any(<[u8]>::is_empty);
    is_unit(name) && !stem.contains(&b'@') && (stem == b"-" || parts)
}

/// `user@1000.service`
fn is_user_manager(name: &[u8]) -> bool {
    let uid = name
        .strip_prefix(b"user@")
        .and_then(|rest| rest.strip_suffix(b".service"));
    uid.is_some_and(|uid| !uid.is_empty() && uid.len() <= 10 && uid.iter().all(u8::is_ascii_digit))
}

/// `session-2.scope`
fn is_session(name: &[u8]) -> bool {
    let id = name
        .strip_prefix(b"session-")
        .and_then(|rest| rest.strip_suffix(b".scope"));
    id.is_some_and(|id| !id.is_empty() && id.iter().all(u8::is_ascii_alphanumeric))
}
