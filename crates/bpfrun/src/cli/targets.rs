//! `FUNC=kprobe:NAME` and `MAP=TYPE`.

use bpfrun::Attach;
use bpfrun::EventType;
use bpfrun::Target;

/// What can follow `FUNC=`, and how many colons stand in its target at least.
const KINDS: &[(&str, usize, &str)] = &[
    ("kprobe", 0, "kprobe:do_unlinkat"),
    ("kretprobe", 0, "kretprobe:do_unlinkat"),
    ("ksyscall", 0, "ksyscall:execve"),
    ("kretsyscall", 0, "kretsyscall:execve"),
    ("uprobe", 1, "uprobe:/bin/bash:readline"),
    ("uretprobe", 1, "uretprobe:/bin/bash:readline"),
    ("usdt", 2, "usdt:/usr/bin/node:node:gc__start"),
    ("tracepoint", 1, "tracepoint:sched:sched_switch"),
    ("raw_tracepoint", 0, "raw_tracepoint:sched_switch"),
    ("fentry", 0, "fentry:do_unlinkat"),
    ("fexit", 0, "fexit:do_unlinkat"),
    ("perf_event", 0, "perf_event:99"),
    ("tail", 1, "tail:calls:2"),
];

/// A function that is to be left out: BCC's tools have some of which they attach one or the other.
const NOTHING: &str = "none";

/// Reads `FUNC=KIND:TARGET`, and `FUNC=none`.
pub fn parse_attach(text: &str) -> Result<Attach, String> {
    let (function, target) = text
        .split_once('=')
        .ok_or("write it as FUNC=KIND:TARGET, such as probe=kprobe:do_unlinkat")?;
    if target == NOTHING && !function.is_empty() {
        return Ok(attach(function, Target::Omit));
    }
    let (kind, target) = target.split_once(':').unwrap_or((target, ""));
    let known = KINDS.iter().find(|(name, ..)| *name == kind);
    let Some((_, colons, example)) = known else {
        let kinds: Vec<_> = KINDS.iter().map(|(name, ..)| *name).collect();
        let kinds = kinds.join(", ");
        return Err(format!("{kind:?} is none of {kinds}, {NOTHING}"));
    };
    if function.is_empty() || target.is_empty() || target.matches(':').count() < *colons {
        return Err(format!("write it as {function}={example}"));
    }
    let target = match kind {
        "tail" => tail_slot(target).map_err(|index| {
            format!("{index:?} is no index of the map: write it as {function}={example}")
        })?,
        _ => Target::Section(section(kind, target)),
    };
    Ok(attach(function, target))
}

/// `MAP:INDEX`; the error is what should be an index.
fn tail_slot(target: &str) -> Result<Target, &str> {
    let (map, index) = target.rsplit_once(':').unwrap_or(("", target));
    match index.parse() {
        Ok(index) => Ok(Target::TailSlot {
            map: map.to_owned(),
            index,
        }),
        Err(_) => Err(index),
    }
}

fn attach(function: &str, target: Target) -> Attach {
    Attach {
        function: function.to_owned(),
        target,
    }
}

/// As libbpf writes it.
fn section(kind: &str, target: &str) -> String {
    match kind {
        "tracepoint" => format!("{kind}/{}", target.replacen(':', "/", 1)),
        _ => format!("{kind}/{target}"),
    }
}

/// Reads `MAP=TYPE`.
pub fn parse_event(text: &str) -> Result<EventType, String> {
    match text.split_once('=') {
        Some((map, c_type)) if !map.is_empty() && !c_type.is_empty() => Ok(EventType {
            map: map.to_owned(),
            c_type: c_type.to_owned(),
        }),
        _ => Err("write it as MAP=TYPE, such as events='struct event'".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Targets become section names.
    #[test]
    fn sections() {
        for (text, expected) in [
            ("f=kprobe:do_unlinkat", "kprobe/do_unlinkat"),
            (
                "f=tracepoint:sched:sched_switch",
                "tracepoint/sched/sched_switch",
            ),
            ("f=uprobe:/bin/bash:readline", "uprobe//bin/bash:readline"),
            ("f=perf_event:99", "perf_event/99"),
            ("f=ksyscall:execve", "ksyscall/execve"),
        ] {
            let attach = parse_attach(text).expect("valid");
            assert_eq!(
                (attach.function.as_str(), attach.target.section()),
                ("f", Some(expected))
            );
        }
        let target = |text| parse_attach(text).expect("valid").target;
        assert_eq!(target("f=none"), Target::Omit);
        let slot = Target::TailSlot {
            map: "calls".to_owned(),
            index: 2,
        };
        assert_eq!(target("f=tail:calls:2"), slot);
    }

    /// What is wrong is said with an example.
    #[test]
    fn wrong_targets() {
        let error = |text| parse_attach(text).expect_err("wrong");
        assert!(error("f=uprobe:/bin/bash").contains("f=uprobe:/bin/bash:readline"));
        assert!(error("f=kprobes:x").contains("kretprobe"));
        assert!(error("f=tail:calls:x").contains("f=tail:calls:2"));
        assert!(error("=none").contains("none of"));
        assert!(error("kprobe:x").contains("FUNC=KIND:TARGET"));
        assert!(parse_event("events").is_err());
    }
}
