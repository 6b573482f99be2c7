//! Which of the project's crates may use which.

use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;

use crate::process::run::output_of;

/// Each crate, and the others of the project that it may depend on. Dependencies of tests are free.
const ALLOWED: &[(&str, &[&str])] = &[
    ("execsnoop-events", &[]),
    ("execsnoop-host", &["execsnoop-events"]),
    ("execsnoop-probe", &["execsnoop-events", "execsnoop-host"]),
    ("execsnoop-report", &["execsnoop-events"]),
    ("execsnoop-ship", &["execsnoop-events"]),
    ("execsnoop-clikit", &["execsnoop-events", "execsnoop-host"]),
    (
        "execsnoop",
        &[
            "execsnoop-events",
            "execsnoop-host",
            "execsnoop-probe",
            "execsnoop-report",
            "execsnoop-ship",
            "execsnoop-clikit",
        ],
    ),
    (
        "bpfrun",
        &["execsnoop-events", "execsnoop-host", "execsnoop-clikit"],
    ),
    ("execsnoop-e2e-harness", &[]),
    ("xtask", &[]),
];

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    /// Only the project's own crates have one.
    path: Option<String>,
}

/// What is wrong, a message for each dependency that is not allowed.
///
/// # Errors
///
/// `cargo metadata` fails.
pub(super) fn check() -> Result<Vec<String>> {
    let arguments = [
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ];
    let text = output_of(Command::new("cargo").args(arguments))?;
    let metadata: Metadata = serde_json::from_str(&text).context("cargo metadata")?;
    Ok(metadata.packages.iter().flat_map(check_package).collect())
}

fn check_package(package: &Package) -> Vec<String> {
    let Package { name, dependencies } = package;
    let Some((_, allowed)) = ALLOWED.iter().find(|(listed, _)| listed == name) else {
        let file = file!();
        return vec![format!("{name}: {file} does not say what it may depend on")];
    };
    let forbidden = dependencies.iter().filter(|dependency| {
        dependency.path.is_some()
            && dependency.kind.as_deref() != Some("dev")
            && !allowed.contains(&dependency.name.as_str())
    });
    forbidden
        .map(|dependency| format!("{name} must not depend on {}", dependency.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependency: &str, kind: Option<&str>) -> Package {
        let dependency = Dependency {
            name: dependency.to_owned(),
            kind: kind.map(str::to_owned),
            path: Some("/somewhere".to_owned()),
        };
        Package {
            name: name.to_owned(),
            dependencies: vec![dependency],
        }
    }

    #[test]
    fn the_wrong_direction_is_refused() {
        let up = package("execsnoop-events", "execsnoop-probe", None);
        let expected = ["execsnoop-events must not depend on execsnoop-probe"];
        assert_eq!(check_package(&up), expected);
    }

    #[test]
    fn the_right_direction_and_tests_are_free() {
        let down = package("execsnoop-probe", "execsnoop-events", None);
        let test = package("execsnoop-events", "execsnoop-e2e-harness", Some("dev"));
        assert_eq!(
            [check_package(&down), check_package(&test)].concat(),
            [""; 0]
        );
    }

    #[test]
    fn a_crate_that_the_table_does_not_have_is_refused() {
        let unknown = package("execsnoop-new", "execsnoop-events", None);
        assert_eq!(check_package(&unknown).len(), 1);
    }
}
