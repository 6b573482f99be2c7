//! What a program's C needs around it to be compiled elsewhere: its headers and definitions, below
//! one folder.

use std::ffi::OsString;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use crate::c::headers;
use crate::compile_options::CompileOptions;
use crate::compile_options::Compiled;
use crate::compile_options::Dialect;
use crate::compile_options::Source;
use crate::toolchain::compile_error::CompileError;
use crate::toolchain::includes::Includes;
use crate::toolchain::includes::folder;

/// A program's files, and how they are compiled.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceBundle {
    /// By their paths in the folder.
    pub files: Vec<(PathBuf, String)>,
    /// Which of them is the program.
    pub program: PathBuf,
    /// What the compiler is told of this program. Paths in it begin with [`BPF_SRC_DIR`].
    pub arguments: Vec<String>,
}

/// The folder, as seen from where the compiler runs.
pub(crate) const BPF_SRC_DIR: &str = "src/bpf";

const PROGRAM: &str = "prog.bpf.c";

/// What is left of a header for which the kernel's own types stand in.
const DROPPED: &str = "/* vmlinux.h says what this header would. */\n";

/// Of BCC's dialect the translation stands alone: it went through the preprocessor. A source in
/// libbpf's is as it was written, so its headers come along, in folders that lie to each other as
/// they did.
pub(crate) fn bundle(
    source: &Source,
    options: &CompileOptions,
    compiled: &Compiled,
) -> Result<SourceBundle, CompileError> {
    let mut carried = SourceBundle::default();
    carried.add("vmlinux.h", &compiled.vmlinux);
    if compiled.dialect == Dialect::Bcc {
        carried.program = PROGRAM.into();
        if compiled.c.contains("bpf/usdt.bpf.h") {
            carried.drop("linux/errno.h");
        }
    } else {
        let includes = Includes::find(source, &options.include_dirs)?;
        carried.surround(source, options, &includes);
    }
    carried.add(carried.program.clone(), &compiled.c);
    Ok(carried)
}

impl SourceBundle {
    /// A later file takes the place of an earlier one: a vmlinux.h of the user's own that of ours.
    fn add(&mut self, path: impl Into<PathBuf>, text: &str) {
        let path = path.into();
        self.files.retain(|(known, _)| *known != path);
        self.files.push((path, text.to_owned()));
    }

    fn drop(&mut self, name: &str) {
        let text = match name {
            "linux/errno.h" => headers::CONSTANTS, // for usdt.bpf.h
            _ => DROPPED,
        };
        self.add(Path::new("dropped").join(name), text);
        let argument = format!("-isystem{BPF_SRC_DIR}/dropped");
        if !self.arguments.contains(&argument) {
            self.arguments.push(argument);
        }
    }

    fn surround(&mut self, source: &Source, options: &CompileOptions, includes: &Includes) {
        let places = Places::of(source, options, includes);
        self.program = places.program.join(PROGRAM);
        self.arguments = places.arguments();
        for (path, text) in &includes.own {
            if let Some(path) = places.of_file(path) {
                self.add(path, &String::from_utf8_lossy(text));
            }
        }
        includes.dropped.iter().for_each(|name| self.drop(name));
        if includes
            .served
            .iter()
            .any(|name| name.ends_with("usdt.bpf.h"))
        {
            self.drop("linux/errno.h");
        }
        includes.served.iter().for_each(|name| self.serve(name));
        if includes.lacks_types() {
            self.add("constants.h", headers::CONSTANTS);
            for file in ["vmlinux.h", "constants.h"] {
                self.arguments
                    .extend(["-include".to_owned(), format!("{BPF_SRC_DIR}/{file}")]);
            }
        }
        let defines = options.defines.iter();
        self.arguments
            .extend(defines.map(|define| format!("-D{define}")));
    }

    /// Headers that a crate's build does not have: it has libbpf's below `bpf/`.
    fn serve(&mut self, name: &str) {
        if name == "vmlinux.h" || name.starts_with("bpf/") {
            return;
        }
        match name.contains('/') {
            true => self.add(name, headers::find(name).unwrap_or_default()),
            false => self.add(name, &format!("#include <bpf/{name}>\n")),
        }
    }
}

/// Where the user's folders come to lie.
#[derive(Debug)]
struct Places {
    /// The folder of the source, or one above it when headers are reached by `../`.
    base: PathBuf,
    /// The folder of the source within the new one.
    program: PathBuf,
    /// Folders of `-I` that lie elsewhere, and their names in the new one.
    others: Vec<(PathBuf, PathBuf)>,
    /// Folders of `-I` that hold a header of the program.
    searched: Vec<PathBuf>,
}

impl Places {
    fn of(source: &Source, options: &CompileOptions, includes: &Includes) -> Self {
        let home = plain(folder(&source.path));
        let headers: Vec<_> = includes.own.keys().map(|path| plain(path)).collect();
        let dirs: Vec<_> = options.include_dirs.iter().map(|dir| plain(dir)).collect();
        let is_in_dir = |path: &Path| dirs.iter().any(|dir| path.starts_with(dir));
        let outside = headers.iter().filter(|path| !is_in_dir(path));
        let base = outside.fold(home.clone(), |base, path| common(&base, path));
        let program = home.strip_prefix(&base).unwrap_or(Path::new(""));
        let elsewhere = dirs.iter().filter(|dir| !dir.starts_with(&base));
        let names = (1..).map(|number| PathBuf::from(format!("include{number}")));
        let holds = |dir: &&PathBuf| headers.iter().any(|path| path.starts_with(dir));
        Self {
            program: program.to_owned(),
            others: elsewhere.cloned().zip(names).collect(),
            searched: dirs.iter().filter(holds).cloned().collect(),
            base,
        }
    }

    fn of_file(&self, path: &Path) -> Option<PathBuf> {
        let path = plain(path);
        if let Ok(rest) = path.strip_prefix(&self.base) {
            return Some(rest.to_owned());
        }
        let mut others = self.others.iter();
        others.find_map(|(dir, name)| Some(name.join(path.strip_prefix(dir).ok()?)))
    }

    /// Where the compiler looks for headers: in the folder of the source as well.
    fn arguments(&self) -> Vec<String> {
        let joined = |option: &str, path: &Path| {
            let path = Path::new(BPF_SRC_DIR).join(path);
            let path: PathBuf = path.components().collect(); // without a slash at its end
            format!("{option}{}", path.display())
        };
        let searched = self.searched.iter().filter_map(|dir| self.of_file(dir));
        let quoted = joined("-iquote", &self.program);
        [quoted]
            .into_iter()
            .chain(searched.map(|dir| joined("-I", &dir)))
            .collect()
    }
}

/// A path from the root, without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// The lowest folder that holds both.
fn common(folder: &Path, path: &Path) -> PathBuf {
    let both = folder.components().zip(path.components());
    let same = both.take_while(|(one, other)| one == other);
    same.map(|(part, _)| OsString::from(part.as_os_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(headers: &[&str], dirs: &[&str]) -> Places {
        let source = Source {
            path: "/home/me/bcc/prog.bpf.c".into(),
            text: Vec::new(),
        };
        let options = CompileOptions {
            include_dirs: dirs.iter().map(PathBuf::from).collect(),
            ..CompileOptions::default()
        };
        let mut includes = Includes::default();
        let texts = headers.iter().map(|path| (PathBuf::from(path), Vec::new()));
        includes.own.extend(texts);
        Places::of(&source, &options, &includes)
    }

    fn of(places: &Places, path: &str) -> Option<String> {
        Some(places.of_file(Path::new(path))?.display().to_string())
    }

    /// Beside the source, below it, in a folder of -I elsewhere.
    #[test]
    fn what_is_below_stays_below() {
        let headers = ["/home/me/bcc/./a.h", "/home/me/bcc/x/b.h", "/usr/inc/c/d.h"];
        let places = places(&headers, &["/usr/inc", "/usr/unused"]);
        assert_eq!(places.program, Path::new(""));
        assert_eq!(of(&places, headers[0]).as_deref(), Some("a.h"));
        assert_eq!(of(&places, headers[1]).as_deref(), Some("x/b.h"));
        assert_eq!(of(&places, headers[2]).as_deref(), Some("include1/c/d.h"));
        assert_eq!(places.arguments(), ["-iquotesrc/bpf", "-Isrc/bpf/include1"]);
    }

    /// The source then lies a folder deeper, as it did.
    #[test]
    fn what_is_beside_the_folder_stays_beside_it() {
        let header = "/home/me/bcc/../shared/a.h";
        let places = places(&[header], &["/home/me/shared"]);
        assert_eq!(places.program, Path::new(""));
        assert_eq!(of(&places, header).as_deref(), Some("include1/a.h"));
        let places = self::places(&[header], &[]);
        assert_eq!(places.program, Path::new("bcc"));
        assert_eq!(of(&places, header).as_deref(), Some("shared/a.h"));
        assert_eq!(of(&places, "/etc/passwd"), None);
    }
}
