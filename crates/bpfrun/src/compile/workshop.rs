//! A directory of its own for each compilation, gone when it is done.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use tempfile::TempDir;

use super::CompileError;
use super::CompileOptions;
use super::Source;
use super::includes::Includes;
use super::includes::folder;
use crate::dialect::headers;

/// The headers that are served, and files on their way.
#[derive(Debug)]
pub(crate) struct Workshop {
    directory: TempDir,
}

impl Workshop {
    /// Lays out the served headers, and empty ones for those that are dropped.
    pub fn open(includes: &Includes) -> Result<Self, CompileError> {
        let directory = TempDir::with_prefix("bpfrun-").map_err(temporary)?;
        let workshop = Self { directory };
        for (name, text) in headers::served() {
            workshop.write(&name, text.as_bytes())?;
        }
        workshop.write("dropped/linux/errno.h", headers::CONSTANTS.as_bytes())?; // for usdt.bpf.h
        for name in includes
            .dropped
            .iter()
            .filter(|name| *name != "linux/errno.h")
        {
            workshop.write(&format!("dropped/{name}"), b"")?;
        }
        Ok(workshop)
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

fn joined(option: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(option);
    argument.push(path);
    argument
}

fn temporary(source: io::Error) -> CompileError {
    CompileError::Temporary {
        path: std::env::temp_dir(),
        source,
    }
}
