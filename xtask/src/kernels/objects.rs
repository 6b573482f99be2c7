//! bpfrun's programs for the guests, where no compiler is: compiled here, with this kernel's types.
//! That they run there on other kernels is a part of what is tested.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;

use crate::build::binaries::workspace;
use crate::process::run::output_of;

const CORPUS: &str = "crates/bpfrun/tests/corpus";

/// Those of the corpus that cannot run on every machine that builds, in it and in a folder of their
/// own.
const FOLDER: &str = "probes";
const OTHERS: [&str; 2] = ["bcc/kprobes.c", "bcc/syscall_names.c"];

/// Compiles all into `dir`, each under its name without `.c`.
pub(crate) fn compile(bpfrun: &Path, clang: Option<&Path>, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir)?;
    for program in programs()? {
        let name = program.file_stem().context("a program has a name")?;
        let mut object = dir.join(name).into_os_string();
        object.push(".o");
        let mut command = Command::new(bpfrun);
        command
            .arg(&program)
            .args(["--no-cache", "--emit", "object", "-o"])
            .arg(object);
        command.args(clang.iter().flat_map(|clang| [Path::new("--clang"), clang]));
        for target in targets(&fs::read_to_string(&program)?) {
            command.args(["--attach", &target]);
        }
        output_of(&mut command)
            .with_context(|| format!("{} cannot be compiled", program.display()))?;
    }
    Ok(())
}

fn programs() -> Result<Vec<PathBuf>> {
    let corpus = workspace().join(CORPUS);
    let own = fs::read_dir(corpus.join(FOLDER)).context("the corpus is not there")?;
    let own = own.map(|entry| Ok(entry?.path()));
    let others = OTHERS.map(|path| Ok(corpus.join(path)));
    let mut programs = own.chain(others).collect::<Result<Vec<_>>>()?;
    programs.sort();
    Ok(programs)
}

/// What a program's lines `// attach: FUNCTION=kprobe/NAME` are as options.
fn targets(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("// attach: "));
    lines.map(|line| line.replacen('/', ":", 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_become_options() {
        let text = "// attach: a=kprobe/b\n// expect: x/y\n// attach: c=none\nint a;\n";
        assert_eq!(targets(text), ["a=kprobe:b", "c=none"]);
    }

    #[test]
    fn the_programs_are_there() {
        let programs = programs().unwrap();
        assert!(programs.len() > OTHERS.len(), "{programs:?}");
        assert!(programs.iter().all(|path| path.is_file()), "{programs:?}");
    }
}
