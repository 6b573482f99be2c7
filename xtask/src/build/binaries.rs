//! The programs of a measurement: execsnoop and the workload.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;

use crate::process::run::run;

const WORKLOAD: &str = "crates/cli/tests/workload";

/// The two programs of a measurement.
#[derive(Debug)]
pub(crate) struct Binaries {
    pub(crate) execsnoop: PathBuf,
    pub(crate) workload: PathBuf,
}

impl Binaries {
    /// Builds the workload into `dir`, and execsnoop too unless it is already there.
    pub(crate) fn build(execsnoop: Option<&Path>, dir: &Path) -> Result<Self> {
        Ok(Self {
            execsnoop: execsnoop.map_or_else(build_execsnoop, existing)?,
            workload: build_workload(dir)?,
        })
    }
}

fn existing(path: &Path) -> Result<PathBuf> {
    path.canonicalize().with_context(|| {
        format!(
            "{} is not there: `make` builds it into target/release",
            path.display()
        )
    })
}

/// The root of the project.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

fn build_execsnoop() -> Result<PathBuf> {
    let arguments = ["build", "--release", "--package", "execsnoop"];
    run(Command::new("cargo")
        .args(arguments)
        .current_dir(workspace()))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    existing(&workspace().join(target).join("release/execsnoop"))
}

/// Builds the workload as the end-to-end tests do. It is static and has its own entry point
/// (entry.c), so that its exec costs as little as possible and the tracer's share is visible.
pub(crate) fn build_workload(dir: &Path) -> Result<PathBuf> {
    let binary = dir.join("workload");
    run(Command::new("cc")
        .args([
            "-std=c11",
            "-O2",
            "-static",
            "-pthread",
            "-Wl,-e,entrance",
            "-o",
        ])
        .arg(&binary)
        .args(c_files(&workspace().join(WORKLOAD))?))?;
    Ok(binary)
}

fn c_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = dir
        .read_dir()
        .with_context(|| format!("{} cannot be read", dir.display()))?;
    let paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    Ok(paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ext| ext == "c"))
        .collect())
}
