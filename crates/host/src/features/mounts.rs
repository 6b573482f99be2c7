//! Mounted file systems.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

/// One mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The directory of the file system that is mounted.
    pub root: PathBuf,
    /// Where it is mounted.
    pub point: PathBuf,
    /// Its type.
    pub kind: String,
}

/// Whether /proc is mounted.
pub fn has_proc() -> bool {
    fs::exists("/proc/self/stat").unwrap_or(false)
}

/// All mounts that this process can see; `None` without /proc.
pub fn read() -> Option<Vec<Mount>> {
    let table = fs::read("/proc/self/mountinfo").ok()?;
    Some(parse(&table))
}

/// The lines of `/proc/PID/mountinfo` (proc(5)): id, parent, device, root, point, options, any
/// number of optional fields, `-`, type, source, options.
fn parse(table: &[u8]) -> Vec<Mount> {
    table
        .split(|&byte| byte == b'\n')
        .filter_map(mount)
        .collect()
}

fn mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&byte| byte == b' ');
    let root = path(fields.nth(3)?);
    let point = path(fields.next()?);
    fields.find(|field| field == b"-")?;
    let kind = String::from_utf8_lossy(fields.next()?).into_owned();
    Some(Mount { root, point, kind })
}

/// A path in which spaces and their like are written in octal: `\040`.
fn path(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::new();
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = octal(rest).unwrap_or((first, after));
        bytes.push(byte);
        rest = after;
    }
    OsString::from_vec(bytes).into()
}

fn octal(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = text.strip_prefix(b"\\")?.split_at_checked(3)?;
    let digits = std::str::from_utf8(digits).ok()?;
    Some((u8::from_str_radix(digits, 8).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Optional fields are skipped, octal escapes are undone, and what is not a mount is left out.
    #[test]
    fn parses_mountinfo() {
        let table = b"36 35 98:0 /mnt1 /a\\040b rw,noatime master:1 shared:2 - ext3 /dev/root rw\n\
                      41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n\
                      no mount at all\n\n";
        let mounts = parse(table);
        let simple = |root: &str, point: &str, kind: &str| Mount {
            root: root.into(),
            point: point.into(),
            kind: kind.to_owned(),
        };
        let expected = [
            simple("/mnt1", "/a b", "ext3"),
            simple("/", "/sys/fs/cgroup", "cgroup2"),
        ];
        assert_eq!(mounts, expected);
    }

    /// A backslash that begins no octal number stands for itself.
    #[test]
    fn octal_escapes() {
        for (field, expected) in [
            (&b"/a\\134b"[..], "/a\\b"),
            (b"/a\\9", "/a\\9"),
            (b"/end\\", "/end\\"),
            (b"/\\777", "/\\777"),
        ] {
            assert_eq!(path(field), PathBuf::from(expected));
        }
    }
}
