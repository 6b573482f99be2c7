//! `cargo xtask dist`: the static binary, packed.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use clap::Args;

use crate::build::binaries::workspace;
use crate::build::static_build::StaticBuild;
use crate::build::static_build::is_static;
use crate::process::run::output_of;
use crate::process::run::run as run_through;

/// Build the static binary that runs on any Linux, and pack it
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Cargo.lock must not change
    #[arg(long)]
    locked: bool,
}

/// Files that are packed beside the binary.
const PAPERS: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];
/// The licence of the BPF programs, which the binary contains.
const BPF_LICENCE: &str = "crates/probe/bpf/LICENSE";

/// Packs `target/dist/execsnoop-VERSION-linux-ARCH.tar.gz`, with a checksum beside it.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let build = StaticBuild {
        clang: None,
        locked: options.locked,
    };
    let execsnoop = build.execsnoop()?;
    ensure!(
        is_static(&execsnoop)?,
        "the binary that was built asks for a loader"
    );
    let version = output_of(Command::new(&execsnoop).arg("--version"))?;
    let version = version
        .split_whitespace()
        .nth(1)
        .context("the binary printed no version")?;
    let name = format!("execsnoop-{version}-linux-{}", std::env::consts::ARCH);
    let dist = target_dir(&execsnoop)?.join("dist");
    let archive = pack(&execsnoop, &dist, &name)?;
    // Under a name without the version, for tests.
    fs::copy(&execsnoop, dist.join("execsnoop"))?;
    println!("{}", archive.display());
    Ok(ExitCode::SUCCESS)
}

fn pack(execsnoop: &Path, dist: &Path, name: &str) -> Result<PathBuf> {
    let dir = dist.join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    fs::copy(execsnoop, dir.join("execsnoop"))?;
    for paper in PAPERS {
        fs::copy(workspace().join(paper), dir.join(paper))?;
    }
    fs::copy(workspace().join(BPF_LICENCE), dir.join("LICENSE-BPF"))?;
    let archive = format!("{name}.tar.gz");
    // The same files make the same archive, for any user and at any time.
    run_through(
        Command::new("tar")
            .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
            .args(["--mtime=2000-01-01", "--use-compress-program=gzip -9n"])
            .args(["--create", "--file", &archive, name])
            .current_dir(dist),
    )?;
    let sum = output_of(Command::new("sha256sum").arg(&archive).current_dir(dist))?;
    fs::write(dist.join(format!("{archive}.sha256")), sum)?;
    Ok(dist.join(archive))
}

/// cargo puts the binary into `TARGET/TRIPLE/release`.
fn target_dir(execsnoop: &Path) -> Result<&Path> {
    let dir = execsnoop.ancestors().nth(3);
    dir.context("the binary is not in a target directory")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_goes_beside_the_builds() {
        let execsnoop = Path::new("/t/x86_64-unknown-linux-gnu/release/execsnoop");
        assert_eq!(target_dir(execsnoop).unwrap(), Path::new("/t"));
        assert!(target_dir(Path::new("execsnoop")).is_err());
    }
}
