//! The output of every backend is valid by the schema that `execsnoop schema` prints.

use serde_json::Value;

use crate::Case;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::requirements::Need::Classic;
use crate::support::requirements::Need::Connector;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::subject;

/// Options that between them show every type of record, and every optional field.
const OPTIONS: [&[&str]; 4] = [
    &[
        "--events",
        "exec,failed,fork,exit,process",
        "--ancestors",
        "--ancestor-args",
    ],
    &["--fold", "--cwd", "--env", "PATH,HOME"],
    &["-d", "--ancestors=2"],
    &["-x", "--redact", "off", "--max-args", "2"],
];

fn schema() -> jsonschema::Validator {
    let printed = run(&[], &["schema"]).expect_success();
    let schema: Value = serde_json::from_str(printed.text()).expect("JSON");
    jsonschema::validator_for(&schema).expect("a JSON Schema")
}

/// Traces some processes, and returns the types of the records.
fn check(validator: &jsonschema::Validator, backend: &str, options: &[&str]) -> Vec<String> {
    let fixed = ["--backend", backend, "--format", "json"];
    let tracer = Tracer::start(&[&fixed, options].concat());
    subject(&["noop", &mark()]);
    subject(&["fail", "ENOENT", "/nonexistent/program"]);
    subject(&["argv", "3"]);
    let trace: Trace = tracer.stop();
    let records = trace.json();
    assert!(!records.is_empty(), "{}", trace.stderr);
    for record in &records {
        if let Err(error) = validator.validate(record) {
            panic!("{backend} {options:?}: {error}: {record}");
        }
    }
    let types = records.iter().filter_map(|record| record["type"].as_str());
    types.map(str::to_owned).collect()
}

fn check_backend(backend: &str) -> Vec<String> {
    let validator = schema();
    let checked = OPTIONS.map(|options| check(&validator, backend, options));
    checked.concat()
}

/// Every type of record is there, but that of losses: see `schema::tests` in events.
fn core_output_is_valid() {
    let types = check_backend("core");
    for expected in ["exec", "fork", "exit", "process", "clock"] {
        assert!(types.iter().any(|name| name == expected), "{expected}");
    }
}

fn classic_output_is_valid() {
    check_backend("classic");
}

fn cnproc_output_is_valid() {
    check_backend("cnproc");
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [core_output_is_valid];
        [Classic] => [classic_output_is_valid];
        [Connector] => [cnproc_output_is_valid];
    ]
}
