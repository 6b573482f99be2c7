//! Static binaries, which need no libraries of the machine.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use serde::Deserialize;

use crate::build::binaries::workspace;

/// Settings of a build.
#[derive(Debug, Clone, Default)]
pub(crate) struct StaticBuild {
    /// The clang that compiles the BPF programs; by default the one that the PATH has.
    pub(crate) clang: Option<PathBuf>,
    /// Whether Cargo.lock must not change.
    pub(crate) locked: bool,
}

/// An executable that cargo has built.
#[derive(Debug, Deserialize)]
struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
}

impl StaticBuild {
    /// bpfrun's release binary, and the tests of its probes.
    pub(crate) fn bpfrun_with_probes(&self) -> Result<(PathBuf, PathBuf)> {
        let artifacts = self.cargo("bpfrun", &["test", "--no-run", "--test", "probes"])?;
        Ok((find(&artifacts, "bpfrun")?, find(&artifacts, "probes")?))
    }

    /// The release binary.
    pub(crate) fn execsnoop(&self) -> Result<PathBuf> {
        let artifacts = self.cargo("execsnoop", &["build"])?;
        find(&artifacts, "execsnoop")
    }

    /// The release binary, and the end-to-end tests.
    pub(crate) fn with_tests(&self) -> Result<(PathBuf, PathBuf)> {
        let artifacts = self.cargo("execsnoop", &["test", "--no-run", "--test", "e2e"])?;
        Ok((find(&artifacts, "execsnoop")?, find(&artifacts, "e2e")?))
    }

    fn cargo(&self, package: &str, arguments: &[&str]) -> Result<Vec<Artifact>> {
        let triple = triple()?;
        let mut cargo = Command::new("cargo");
        cargo
            .args(["--config", &config(triple)])
            .args(arguments)
            .args(["--release", "--package", package, "--features", "vendored"])
            // Named, so that the flags are for what is built and not for what builds it.
            .args(["--target", triple, "--message-format", "json-render-diagnostics"])
            .args(self.locked.then_some("--locked"))
            // It would take the place of what --config says.
            .env_remove("RUSTFLAGS")
            .current_dir(workspace())
            .stderr(Stdio::inherit());
        if let Some(clang) = &self.clang {
            cargo.env("CLANG", clang);
        }
        let output = cargo.output().context("cargo could not be started")?;
        if !output.status.success() {
            bail!("the static build failed: its message is above (scripts/install-packages dist)");
        }
        Ok(parse_artifacts(&String::from_utf8_lossy(&output.stdout)))
    }
}

fn config(triple: &str) -> String {
    format!("target.{triple}.rustflags=[\"-Ctarget-feature=+crt-static\"]")
}

/// The glibc target, since the machine's gcc compiles the C libraries.
fn triple() -> Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("x86_64-unknown-linux-gnu"),
        "aarch64" => Ok("aarch64-unknown-linux-gnu"),
        other => bail!("execsnoop knows x86_64 and aarch64, not {other}"),
    }
}

/// The executables in cargo's messages, which are one JSON object per line.
fn parse_artifacts(messages: &str) -> Vec<Artifact> {
    let messages = messages.lines();
    let artifacts = messages.filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    artifacts
        .filter(|artifact| artifact.executable.is_some())
        .collect()
}

fn find(artifacts: &[Artifact], name: &str) -> Result<PathBuf> {
    let artifact = artifacts
        .iter()
        .find(|artifact| artifact.target.name == name);
    artifact
        .and_then(|artifact| artifact.executable.clone())
        .with_context(|| format!("cargo has built no executable {name}"))
}

/// Whether an executable has no program header that asks for a loader.
pub(crate) fn is_static(executable: &Path) -> Result<bool> {
    let headers = crate::process::run::output_of(
        Command::new("readelf")
            .args(["--program-headers", "--wide"])
            .arg(executable),
    )?;
    Ok(!headers.contains("INTERP"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_found_among_cargos_messages() {
        let messages = r#"
{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"e2e"},"executable":"/t/deps/e2e-1"}
{"reason":"build-finished","success":true}
"#;
        let artifacts = parse_artifacts(messages);
        assert_eq!(find(&artifacts, "e2e").unwrap(), Path::new("/t/deps/e2e-1"));
        assert!(find(&artifacts, "serde").is_err());
    }
}
