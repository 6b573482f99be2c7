//! What a source includes: the user's own headers, those served here, and the kernel's, which are
//! dropped.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::c::headers;
use crate::compile_options::Source;
use crate::toolchain::compile_error::CompileError;

/// Folders of kernel and C library headers: there is nothing in them that the kernel's own types
/// and the dialect's constants do not say.
const DROPPED: [&str; 25] = [
    "linux/",
    "uapi/",
    "asm/",
    "asm-generic/",
    "net/",
    "bcc/",
    "generated/",
    "trace/",
    "scsi/",
    "rdma/",
    "drm/",
    "crypto/",
    "sound/",
    "soc/",
    "vdso/",
    "kvm/",
    "sys/",
    "netinet/",
    "arpa/",
    "bits/",
    "fs/",
    "block/",
    "kernel/",
    "mm/",
    "drivers/",
];

/// No header is as large as this.
const LARGEST: u64 = 64 << 20;

/// What makes an object depend on more than the headers that are included.
const ELSEWHERE: [&str; 6] = [
    "__has_include",
    "__has_embed",
    "incbin",
    "__DATE__",
    "__TIME__",
    "__TIMESTAMP__",
];

/// Headers without a folder that are dropped.
const DROPPED_FILES: [&str; 14] = [
    "stdint.h",
    "stdbool.h",
    "stddef.h",
    "stdarg.h",
    "string.h",
    "stdio.h",
    "stdlib.h",
    "errno.h",
    "limits.h",
    "inttypes.h",
    "unistd.h",
    "ctype.h",
    "time.h",
    "signal.h",
];

/// The user's files, and the names of others.
#[derive(Debug, Default)]
pub(crate) struct Includes {
    /// The user's own headers and what they say.
    pub own: BTreeMap<PathBuf, Vec<u8>>,
    /// Where headers were looked for in vain: if one comes to be there, it is another program.
    pub absent: BTreeSet<PathBuf>,
    /// What is no header, and cannot be read.
    endless: Vec<PathBuf>,
    /// Names of headers that are dropped.
    pub dropped: BTreeSet<String>,
    /// Names of headers that are served.
    pub served: BTreeSet<String>,
}

impl Includes {
    /// Follows all includes of a source, whether or not the preprocessor would come by them.
    ///
    /// Fails on a device, a pipe or a file too large, which the compiler would read for ever.
    pub fn find(source: &Source, directories: &[PathBuf]) -> Result<Self, CompileError> {
        let mut found = Self::default();
        found.follow(&source.text, folder(&source.path), directories);
        match found.endless.pop() {
            Some(path) => Err(CompileError::Header(path)),
            None => Ok(found),
        }
    }

    fn follow(&mut self, text: &[u8], beside: &Path, directories: &[PathBuf]) {
        for (name, quoted) in names(text) {
            let first = quoted.then_some(beside);
            let places = first
                .into_iter()
                .chain(directories.iter().map(PathBuf::as_path));
            let candidates: Vec<_> = places.map(|place| place.join(&name)).collect();
            if !self.take_own(&candidates, directories) {
                self.take_other(name);
            }
        }
    }

    fn take_own(&mut self, candidates: &[PathBuf], directories: &[PathBuf]) -> bool {
        for path in candidates {
            if self.own.contains_key(path) {
                return true;
            }
            if fs::metadata(path).is_ok_and(|data| is_endless(&data)) {
                self.endless.push(path.clone());
                return true;
            }
            match fs::read(path) {
                Ok(text) => {
                    self.own.insert(path.clone(), text.clone());
                    self.follow(&text, folder(path), directories);
                    return true;
                }
                Err(_) => self.absent.insert(path.clone()),
            };
        }
        false
    }

    fn take_other(&mut self, name: String) {
        if name == "vmlinux.h" || headers::find(&name).is_some() {
            self.served.insert(name);
        } else if is_dropped(&name) {
            self.dropped.insert(name);
        }
    }

    /// Whether the kernel's types are asked for by that name.
    pub fn wants_vmlinux(&self) -> bool {
        self.served.contains("vmlinux.h")
    }

    /// Whether the kernel's types are needed and not included: libbpf's headers do not stand
    /// without, and kernel headers are dropped.
    pub fn lacks_types(&self) -> bool {
        let own = self.own.keys().any(|path| path.ends_with("vmlinux.h"));
        let needs = !self.dropped.is_empty() || !self.served.is_empty();
        !own && !self.wants_vmlinux() && needs
    }

    /// Whether all that the compiler has read is known here, and nothing else decides on the
    /// object: an include may be written in ways that are not followed, such as by a macro.
    pub fn are_all(&self, text: &[u8], defines: &[String], read: &[PathBuf]) -> bool {
        let known: BTreeSet<_> = self.own.keys().filter_map(|path| real(path)).collect();
        let mut texts = self
            .texts()
            .chain([text])
            .chain(defines.iter().map(String::as_bytes));
        let all_known =
            (read.iter()).all(|path| real(path).is_some_and(|path| known.contains(&path)));
        all_known && !texts.any(looks_elsewhere)
    }

    /// The texts of the user's headers.
    pub fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.own.values().map(Vec::as_slice)
    }
}

fn is_endless(data: &fs::Metadata) -> bool {
    let is_special = !data.is_file() && !data.is_dir();
    is_special || data.is_file() && data.len() > LARGEST
}

fn real(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

fn looks_elsewhere(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let joined = text.replace("\\\n", "").replace("\\\r\n", "");
    ELSEWHERE.iter().any(|word| joined.contains(word))
}

/// The folder a file is in; the current one for a bare name.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("."),
    }
}

fn is_dropped(name: &str) -> bool {
    let plain = !name.split('/').any(|part| matches!(part, "" | "." | ".."));
    let known = DROPPED.iter().any(|folder| name.starts_with(folder));
    plain && (known || DROPPED_FILES.contains(&name) || name == "blk-mq.h")
}

/// The names after `#include`, and whether they stand in quotes.
fn names(text: &[u8]) -> Vec<(String, bool)> {
    text.split(|&byte| byte == b'\n').filter_map(name).collect()
}

fn name(line: &[u8]) -> Option<(String, bool)> {
    let line = String::from_utf8_lossy(line);
    let rest = line.trim_start().strip_prefix('#')?.trim_start();
    let rest = rest.strip_prefix("include")?.trim_start();
    let quoted = rest.starts_with('"');
    let close = if quoted { '"' } else { '>' };
    let inside = rest.strip_prefix(['"', '<'])?;
    let (name, _) = inside.split_once(close)?;
    Some((name.to_owned(), quoted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_however_they_are_spaced() {
        let text = b"#include <a.h>\n  # include\t\"b.h\" // c\n// #include <d.h>\n#include E\n";
        assert_eq!(names(text), [("a.h".into(), false), ("b.h".into(), true)]);
    }

    #[test]
    fn only_known_folders_are_dropped_and_nothing_that_climbs() {
        assert!(is_dropped("linux/sched.h") && is_dropped("stdint.h"));
        assert!(!is_dropped("mine/sched.h") && !is_dropped("linux/../../etc/passwd"));
    }
}
