//! Names of files in messages.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use execsnoop_events::quote;

/// A path, in quotes if a shell would need them. It can have any bytes.
pub(super) fn shown(path: &Path) -> String {
    let mut out = Vec::new();
    quote::shell(&mut out, path.as_os_str().as_bytes());
    String::from_utf8_lossy(&out).into_owned()
}
