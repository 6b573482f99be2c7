//! All that doctor has to say, in the order in which it says it.

use execsnoop_events::Backend;
use execsnoop_probe::Diagnosis;
use serde::Serialize;

use crate::cmd::doctor::backend_choice;
use crate::cmd::doctor::backend_choice::BUILT_IN;
use crate::cmd::doctor::check::Check;
use crate::cmd::doctor::check::by_name;
use crate::cmd::doctor::optional;
use crate::cmd::doctor::prerequisites;

/// The report; as JSON, the object that docs/doctor.md describes.
#[derive(Debug, Serialize)]
pub struct Report {
    #[serde(rename = "type")]
    kind: &'static str,
    /// Of execsnoop.
    pub version: &'static str,
    /// Of the kernel.
    pub release: String,
    /// Of the machine.
    pub architecture: String,
    /// Effective, in this user namespace.
    pub uid: u32,
    /// The backend that would be used.
    #[serde(serialize_with = "backend_name")]
    pub backend: Option<Backend>,
    /// The same, for scripts that know it by this name.
    #[serde(serialize_with = "backend_name")]
    rung: Option<Backend>,
    /// What the backend cannot provide.
    pub lost: Option<&'static str>,
    /// The exit status.
    pub status: u8,
    /// How many of `checks` tell what tracing needs; the rest is what more there is.
    #[serde(skip)]
    pub needs: usize,
    /// What was looked at.
    #[serde(serialize_with = "by_name_of")]
    pub checks: Vec<Check>,
}

impl Report {
    /// What a survey comes to; `program` is execsnoop's own file, for a shell.
    pub fn of(survey: &Diagnosis, program: &str) -> Self {
        Self::with(survey, program, BUILT_IN)
    }

    fn with(survey: &Diagnosis, program: &str, built_in: &[Backend]) -> Self {
        let backend = backend_choice::best(survey, built_in);
        let mut checks = prerequisites::checks(survey, program);
        let needs = checks.len();
        checks.extend(optional::checks(survey));
        Self {
            kind: "doctor",
            version: env!("CARGO_PKG_VERSION"),
            release: survey.features.release.clone(),
            architecture: survey.architecture.clone(),
            uid: survey.uid,
            backend,
            rung: backend,
            lost: backend.and_then(Backend::limitations),
            status: backend_choice::status(backend),
            needs,
            checks,
        }
    }
}

fn backend_name<S: serde::Serializer>(
    backend: &Option<Backend>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    backend.map(Backend::name).serialize(serializer)
}

fn by_name_of<S: serde::Serializer>(checks: &[Check], serializer: S) -> Result<S::Ok, S::Error> {
    by_name(checks, serializer)
}

#[cfg(test)]
mod tests;
