//! A directory of its own for each compilation, gone when it is done.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::c::headers;
use crate::compile_options::CompileOptions;
use crate::compile_options::Source;
use crate::toolchain::compile_error::CompileError;
use crate::toolchain::includes::Includes;
use crate::toolchain::includes::folder;

/// The file in which the compiler lists what it read.
const LIST: &str = "read.d";

/// The headers that are served, and files on their way.
#[derive(Debug)]
pub(crate) struct ScratchDir {
    directory: TempDir,
}

impl ScratchDir {
    /// Lays out the served headers, and empty ones for those that are dropped.
    pub fn open(includes: &Includes) -> Result<Self, CompileError> {
        let directory = TempDir::with_prefix("bpfrun-").map_err(temporary)?;
        let scratch = Self { directory };
        for (name, text) in headers::served() {
            scratch.write(&name, text.as_bytes())?;
        }
        scratch.write("dropped/linux/errno.h", headers::CONSTANTS.as_bytes())?; // for usdt.bpf.h
        for name in includes
            .dropped
            .iter()
            .filter(|name| *name != "linux/errno.h")
        {
            scratch.write(&format!("dropped/{name}"), b"")?;
        }
        Ok(scratch)
    }

    /// Leaves a file there.
    pub fn write(&self, name: &str, text: &[u8]) -> Result<PathBuf, CompileError> {
        let path = self.path(name);
        fs::create_dir_all(folder(&path)).map_err(temporary)?;
        fs::write(&path, text).map_err(temporary)?;
        Ok(path)
    }

    /// Where a file is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// What a file holds.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, CompileError> {
        fs::read(self.path(name)).map_err(temporary)
    }

    /// Has the compiler list the files it reads, for [`ScratchDir::files_read`].
    pub fn listing(&self) -> [OsString; 5] {
        let list = self.path(LIST).into_os_string();
        let [also, target, name, file] = ["-MD", "-MT", "all", "-MF"].map(OsString::from);
        [also, target, name, file, list]
    }

    /// The files that the compiler has read, but those laid out here.
    pub fn files_read(&self) -> Result<Vec<PathBuf>, CompileError> {
        let own = fs::canonicalize(self.directory.path()).map_err(temporary)?;
        let all = dependencies(&self.read(LIST)?);
        let real = |path: &PathBuf| fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        Ok(all
            .into_iter()
            .filter(|path| !real(path).starts_with(&own))
            .collect())
    }

    /// Where the compiler looks for headers, and what the user defines.
    pub fn arguments(&self, source: &Source, options: &CompileOptions) -> Vec<OsString> {
        let mut arguments = vec![joined("-iquote", folder(&source.path))];
        arguments.extend(options.include_dirs.iter().map(|path| joined("-I", path)));
        for place in ["", "bpf", "dropped"] {
            arguments.push("-isystem".into());
            arguments.push(self.path(place).into_os_string());
        }
        arguments.extend(
            options
                .defines
                .iter()
                .map(|define| format!("-D{define}").into()),
        );
        arguments
    }
}

/// The files behind `all:` in a rule for make.
fn dependencies(rule: &[u8]) -> Vec<PathBuf> {
    let list = rule.strip_prefix(b"all:").unwrap_or(rule);
    let mut names = vec![Vec::new()];
    let mut bytes = list.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let escaped = match (byte, bytes.peek()) {
            (b'\\', Some(b'\n')) => None,
            (b'\\', Some(b' ' | b'#' | b'\\')) | (b'$', Some(b'$')) => bytes.next(),
            (b' ' | b'\n' | b'\t', _) => None,
            _ => Some(byte),
        };
        match (escaped, names.last_mut()) {
            (Some(byte), Some(name)) => name.push(byte),
            _ => names.push(Vec::new()),
        }
    }
    names.retain(|name| !name.is_empty());
    let paths = names.into_iter();
    paths.map(|name| OsString::from_vec(name).into()).collect()
}

fn joined(option: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(option);
    argument.push(path);
    argument
}

fn temporary(source: io::Error) -> CompileError {
    CompileError::Temporary {
        path: std::env::temp_dir(),
        cause: source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_for_make_are_read() {
        let rule = b"all: /tmp/w/source.c ./a.h \\\n  my\\ dir/b\\#.h c$$.h \\\n  /d.h\n";
        let expected = ["/tmp/w/source.c", "./a.h", "my dir/b#.h", "c$.h", "/d.h"];
        assert_eq!(dependencies(rule), expected.map(PathBuf::from));
    }
}
