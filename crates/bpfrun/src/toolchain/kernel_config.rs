//! The kernel's configuration, for programs that ask for `CONFIG_…`.

use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use flate2::read::GzDecoder;

use crate::toolchain::kernel_types::words;

/// More than any configuration holds.
const MOST: u64 = 16 << 20;

/// `-D` for each option that a text names and the kernel has.
pub(crate) fn defines(text: &[u8]) -> Vec<OsString> {
    if !is_wanted(text) {
        return Vec::new();
    }
    let configuration = read().unwrap_or_default();
    let known = words(text);
    let lines = configuration.lines().filter_map(define);
    lines
        .filter(|(name, _)| known.contains(name.as_bytes()))
        .map(|(name, value)| format!("-D{name}={value}").into())
        .collect()
}

/// The file that they are read from, if a text names any.
pub(crate) fn inputs(text: &[u8]) -> Option<PathBuf> {
    is_wanted(text).then(file).flatten()
}

fn is_wanted(text: &[u8]) -> bool {
    text.windows(7).any(|part| part == b"CONFIG_")
}

/// `CONFIG_X=y` is 1, `=m` defines `CONFIG_X_MODULE`, numbers and strings are themselves.
fn define(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    let name = name.starts_with("CONFIG_").then_some(name)?;
    Some(match value {
        "y" => (name.to_owned(), "1".to_owned()),
        "m" => (format!("{name}_MODULE"), "1".to_owned()),
        value => (name.to_owned(), value.to_owned()),
    })
}

fn file() -> Option<PathBuf> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let boot = format!("/boot/config-{}", release.trim());
    let places = [PathBuf::from("/proc/config.gz"), PathBuf::from(boot)];
    places.into_iter().find(|place| place.is_file())
}

fn read() -> Option<String> {
    let path = file()?;
    let opened = File::open(&path).ok()?;
    let mut text = Vec::new();
    match path.extension().is_some_and(|end| end == "gz") {
        true => GzDecoder::new(opened)
            .take(MOST)
            .read_to_end(&mut text)
            .ok()?,
        false => opened.take(MOST).read_to_end(&mut text).ok()?,
    };
    Some(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_macros() {
        let define = |line| define(line).map(|(name, value)| format!("{name} {value}"));
        assert_eq!(define("CONFIG_HZ=250").as_deref(), Some("CONFIG_HZ 250"));
        assert_eq!(define("CONFIG_NET=y").as_deref(), Some("CONFIG_NET 1"));
        assert_eq!(
            define("CONFIG_XFS_FS=m").as_deref(),
            Some("CONFIG_XFS_FS_MODULE 1")
        );
        assert_eq!(define("# CONFIG_X is not set"), None);
    }
}
