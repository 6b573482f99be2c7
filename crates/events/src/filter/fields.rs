//! The fields that a filter can ask for: those of the JSON contract, under the same names.

use strsim::damerau_levenshtein;

use super::kind::Kind;

/// A field of the contract.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The types of the records that have it.
    pub(super) records: &'static [&'static str],
}

const EVERY: &[&str] = &["exec", "fork", "exit", "process"];
const EXEC: &[&str] = &["exec"];
const FORK: &[&str] = &["fork"];
const PROCESS: &[&str] = &["process"];
const IMAGE: &[&str] = &["exec", "process"];
const BIRTH: &[&str] = &["fork", "process"];
const END: &[&str] = &["exit", "process"];
const OWNED: &[&str] = &["exec", "exit", "process"];

/// What `container` holds.
const CONTAINER: Kind = Kind::Object(&["id", "runtime"]);
/// What each of `ancestors` holds.
pub(super) const ANCESTOR: Kind = Kind::Object(&["id", "pid", "comm", "args"]);

/// All fields, in the order of their names. A test holds this against the records themselves.
pub(super) const FIELDS: &[Field] = &[
    field("ancestors", Kind::Ancestors, OWNED),
    field("args", Kind::Texts, IMAGE),
    field("args_b64", Kind::Texts, IMAGE),
    field("args_complete", Kind::Bool, IMAGE),
    field("audit_session", Kind::Number, IMAGE),
    field("cgroup", Kind::Text, OWNED),
    field("cgroup_id", Kind::Text, OWNED),
    field("code", Kind::Number, END),
    field("comm", Kind::Text, OWNED),
    field("container", CONTAINER, OWNED),
    field("core_dumped", Kind::Bool, END),
    field("cpu_exact", Kind::Bool, END),
    field("cpu_ns", Kind::Number, END),
    field("creator_id", Kind::Text, BIRTH),
    field("creator_pid", Kind::Number, BIRTH),
    field("cwd", Kind::Text, IMAGE),
    field("deleted", Kind::Bool, IMAGE),
    field("egid", Kind::Number, EXEC),
    field("env", Kind::Any, IMAGE),
    field("errno", Kind::Text, EXEC),
    field("euid", Kind::Number, EXEC),
    field("exe", Kind::Text, IMAGE),
    field("exec_lifetime_ns", Kind::Number, END),
    field("execs", Kind::Number, PROCESS),
    field("exit", Kind::Text, END),
    field("filename", Kind::Text, IMAGE),
    field("gid", Kind::Number, OWNED),
    field("group", Kind::Text, OWNED),
    field("id", Kind::Text, EVERY),
    field("involuntary_switches", Kind::Number, END),
    field("lifetime_ns", Kind::Number, END),
    field("login_uid", Kind::Number, IMAGE),
    field("major_faults", Kind::Number, END),
    field("max_rss_bytes", Kind::Number, END),
    field("memfd", Kind::Bool, IMAGE),
    field("minor_faults", Kind::Number, END),
    field("mnt_ns", Kind::Number, EXEC),
    field("ns_pid", Kind::Number, EVERY),
    field("parent_id", Kind::Text, OWNED),
    field("pcomm", Kind::Text, IMAGE),
    field("peak_rss_bytes", Kind::Number, END),
    field("pid", Kind::Number, EVERY),
    field("pid_ns", Kind::Number, EXEC),
    field("pod_uid", Kind::Text, OWNED),
    field("ppid", Kind::Number, OWNED),
    field("read_bytes", Kind::Number, END),
    field("read_chars", Kind::Number, END),
    field("redacted", Kind::Bool, IMAGE),
    field("ret", Kind::Number, EXEC),
    field("script", Kind::Text, IMAGE),
    field("secure", Kind::Bool, IMAGE),
    field("sid", Kind::Number, IMAGE),
    field("signal", Kind::Number, END),
    field("signal_name", Kind::Text, END),
    field("system_ns", Kind::Number, END),
    field("tid", Kind::Number, EXEC),
    field("time", Kind::Text, EVERY),
    field("tries", Kind::Number, EXEC),
    field("tty", Kind::Text, IMAGE),
    field("type", Kind::Text, EVERY),
    field("uid", Kind::Number, OWNED),
    field("unit", Kind::Text, OWNED),
    field("user", Kind::Text, OWNED),
    field("user_ns", Kind::Number, END),
    field("user_unit", Kind::Text, OWNED),
    field("vfork", Kind::Bool, FORK),
    field("voluntary_switches", Kind::Number, END),
    field("write_bytes", Kind::Number, END),
    field("write_chars", Kind::Number, END),
];

const fn field(name: &'static str, kind: Kind, records: &'static [&'static str]) -> Field {
    Field {
        name,
        kind,
        records,
    }
}

/// The field of this name.
pub(super) fn find(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// What somebody who wrote `name` may have meant, and all that there is.
pub(super) fn suggest(name: &str) -> String {
    let names = || FIELDS.iter().map(|field| field.name);
    let mut near = nearest(name, names());
    if !near.is_empty() {
        near.push('\n');
    }
    format!("{near}The fields are\n{}", wrapped(names()))
}

/// "did you mean this or that?", or nothing.
pub(super) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let far = 1 + name.len() / 4;
    let distance = |known: &str| damerau_levenshtein(name, known);
    let mut near: Vec<_> = names
        .map(|known| (distance(known), known))
        .filter(|(distance, _)| *distance <= far)
        .collect();
    near.sort_unstable();
    let near: Vec<&str> = near.iter().take(3).map(|(_, known)| *known).collect();
    match near.is_empty() {
        true => String::new(),
        false => format!("did you mean {}?", near.join(" or ")),
    }
}

/// Names as lines of less than 80 columns.
fn wrapped<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::from(" ");
    let mut column = 1;
    for name in names {
        if column + name.len() + 1 > 78 {
            text.push_str("\n ");
            column = 1;
        }
        text.push(' ');
        text.push_str(name);
        column += name.len() + 1;
    }
    text
}
