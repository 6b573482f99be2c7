//! The same answer as the `cel` crate's interpreter gives for the record as it is written; and what
//! is pushed down never asks for more than the filter.

use cel::Context;
use cel::Program;
use cel::Value as Cel;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::json::write_line;

/// The interpreter's answer for a line of JSON.
fn interpreted(program: &Program, line: &[u8]) -> bool {
    let record: Value = serde_json::from_slice(line).expect("JSON");
    let mut context = Context::default();
    for (name, value) in record.as_object().expect("an object") {
        context.add_variable_from_value(name.as_str(), as_cel(value));
    }
    program.execute(&context) == Ok(Cel::Bool(true))
}

fn as_cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(value) => Cel::Bool(*value),
        Value::Number(number) => Cel::Int(number.as_i64().expect("all numbers are small")),
        Value::String(text) => Cel::from(text.as_str()),
        Value::Array(list) => Cel::from(list.iter().map(as_cel).collect::<Vec<_>>()),
        Value::Object(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(name, value)| (name.clone(), as_cel(value)));
            Cel::from(entries.collect::<std::collections::HashMap<_, _>>())
        }
    }
}

fn one_of(words: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    proptest::sample::select(words.to_vec()).prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => one_of(&["uid", "gid", "euid", "ppid", "pid", "ret", "code", "signal", "execs", "tries"]),
        4 => one_of(&["0", "1", "2", "7", "1000", "-2", "4"]),
        1 => one_of(&["1.5", "1000.0"]),
        1 => one_of(&["size(args)", "size(comm)", "uid + 1", "uid * 2 - gid", "7 / uid", "gid % uid",
            "-ret", "int(args[1])", "exec_lifetime_ns", "max_rss_bytes", "(uid > 0 ? uid : ppid)"]),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => one_of(&["comm", "pcomm", "exe", "filename", "script", "errno", "exit", "type", "cgroup_id"]),
        4 => one_of(&["\"ls\"", "'-l'", "\"ENOENT\"", "\"exited\"", "\"\"", "\"/usr/bin/ls\"", "\"größe\""]),
        2 => one_of(&["args[0]", "args[1]", "args[9]", "container.id", "string(uid)", "comm + pcomm",
            "ancestors[0].comm", "args_b64[0]", "(uid == 0 ? comm : pcomm)"]),
    ]
}

fn order() -> impl Strategy<Value = String> {
    one_of(&["==", "!=", "<", "<=", ">", ">="])
}

fn condition() -> impl Strategy<Value = String> {
    let compared = |left: BoxedStrategy<String>, right: BoxedStrategy<String>| {
        (left, order(), right).prop_map(|(left, order, right)| format!("{left} {order} {right}"))
    };
    let search = one_of(&["contains", "startsWith", "endsWith"]);
    let leaf = prop_oneof![
        4 => compared(number().boxed(), number().boxed()),
        4 => compared(text().boxed(), text().boxed()),
        2 => (text(), search, text()).prop_map(|(of, how, what)| format!("({of}).{how}({what})")),
        1 => (text(), one_of(&["^l", "s$", "[a-z]+", "ö", ""]))
            .prop_map(|(of, regex)| format!("({of}).matches(\"{regex}\")")),
        1 => text().prop_map(|text| format!("{text} in [\"ls\", \"ENOENT\", \"make\"]")),
        1 => number().prop_map(|number| format!("{number} in [0, 1000, 7]")),
        1 => text().prop_map(|text| format!("{text} in args")),
        2 => (one_of(&["uid", "script", "args", "errno", "code", "container", "ancestors", "signal"]), one_of(&["==", "!="]))
            .prop_map(|(field, how)| format!("{field} {how} null")),
        1 => one_of(&["vfork", "args_complete", "core_dumped", "cpu_exact", "true", "false"]),
        1 => one_of(&["has(container.id)", "args == [\"ls\", \"-l\"]", "args + args == args",
            "timestamp(time) > timestamp(\"2026-01-01T00:00:00Z\")",
            "args.filter(a, a.startsWith(\"-\")).size() == 1",
            "args.map(a, a + \"!\")[0] == \"ls!\"",
            "args.map(a, a.startsWith(\"-\"), size(a)) == [2]",
            "ancestors.exists(x, has(x.args))",
            "ancestors.map(x, x.pid) == [4, 1]"]),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let within = one_of(&["args", "[comm, pcomm]", "args.filter(b, b != \"-l\")"]);
        let all = one_of(&["exists", "all", "exists_one"]);
        let element = one_of(&[
            "a == comm",
            "a.contains(\"l\")",
            "size(a) > 2",
            "a != null",
            "a < \"b\"",
        ]);
        prop_oneof![
            3 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            3 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            1 => inner.clone().prop_map(|a| format!("!({a})")),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            2 => (within, all, element, one_of(&["&&", "||"]), inner)
                .prop_map(|(of, all, a, join, b)| format!("({of}).{all}(a, {a} {join} ({b}))")),
        ]
    })
}

/// An event of any type, told by a few small numbers.
#[derive(Debug, Clone)]
struct Seed {
    form: u8,
    uid: u32,
    ppid: u32,
    ret: i32,
    code: u8,
    args: &'static [u8],
    with_notes: bool,
}

fn seed() -> impl Strategy<Value = Seed> {
    let uid = proptest::sample::select(vec![0, 1, 1000]);
    let args: Vec<&'static [u8]> = vec![
        b"",
        b"ls\0-l\0",
        b"ls\0gr\xc3\xb6\xc3\x9fe\0\xff\0",
        b"7\0 7\0",
    ];
    let args = proptest::sample::select(args);
    let ret = proptest::sample::select(vec![0, -2]);
    let code = proptest::sample::select(vec![0, 7]);
    (0..7_u8, uid, 0..5_u32, ret, code, args, any::<bool>()).prop_map(
        |(form, uid, ppid, ret, code, args, with_notes)| Seed {
            form,
            uid,
            ppid,
            ret,
            code,
            args,
            with_notes,
        },
    )
}

impl Seed {
    fn data(&self) -> EventData<'static> {
        let args = match self.form {
            0 => Argv::one_by_one(b"ls\0\0", &[1], true),
            1 => Argv::cut(b"", 100),
            _ => Argv::whole(self.args),
        };
        let ended = crate::event::Exit {
            uid: Some(self.uid),
            parent: id(self.ppid, 15),
            ..exit(ExitStatus::from_wait(
                u32::from(self.code) << (8 * (self.form % 2)),
            ))
        };
        let mut whole = process(Some(ended));
        whole.uid = Some(self.uid);
        whole.parent = id(self.ppid, 15);
        match self.form {
            3 => EventData::Fork(fork()),
            4 => EventData::Exit(ended),
            5 => EventData::Summary(whole),
            6 => EventData::Summary(process(None)),
            _ => EventData::Exec(Exec {
                uid: Some(self.uid),
                parent: id(self.ppid, 15),
                ret: self.ret,
                script: self.code > 0,
                ..ls(args)
            }),
        }
    }

    /// What our filter and the interpreter answer.
    fn answers(&self, filter: &mut CelFilter, program: &Program) -> (bool, bool) {
        let event = event(self.data());
        let ancestors = [b"make", b"init"].map(|comm| Ancestor {
            process: id(if comm == b"make" { 4 } else { 1 }, 15),
            comm: &comm[..],
            args: (comm == b"make").then_some(Argv::whole(b"make\0")),
        });
        let notes = Annotations {
            ancestors: self.with_notes.then_some(&ancestors[..]),
            tries: self.with_notes.then_some(2),
            ..Annotations::default()
        };
        let mut line = Vec::new();
        write_line(&mut line, &event, &notes);
        (filter.matches(&event, &notes), interpreted(program, &line))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// Every filter means what CEL says.
    #[test]
    fn answers_as_the_interpreter(text in condition(), seeds in proptest::collection::vec(seed(), 8)) {
        let program = Program::compile(&text).expect("valid CEL");
        let mut filter = compiled(&text);
        for seed in seeds {
            let (ours, theirs) = seed.answers(&mut filter, &program);
            prop_assert_eq!(ours, theirs, "{} on {:?}", text, seed);
        }
    }

    /// What is pushed down lets everything through that the filter wants; of conditions that are
    /// nothing else, it lets nothing more through.
    #[test]
    fn what_is_pushed_down_agrees(
        rest in condition(),
        (uid, ppid, form) in (0..3_u32, 0..5_u32, 0..5_u8),
        seeds in proptest::collection::vec(seed(), 8),
    ) {
        let uid = [0, 1, 1000][uid as usize];
        let (text, exact) = match form {
            0 => (format!("uid == {uid}"), true),
            1 => (format!("{ppid} == ppid && {uid} == uid"), true),
            2 => (format!("({rest}) && uid == {uid}"), false),
            3 => (format!("ppid == {ppid} && (uid == {uid} && ({rest}))"), false),
            _ => (format!("uid == {uid} || ({rest})"), false),
        };
        let mut filter = compiled(&text);
        let pushed = filter.pushdown();
        prop_assert_eq!(pushed.uid.is_some(), form < 4 || pushed.uid.is_some());
        for seed in seeds {
            let event = event(seed.data());
            let EventData::Exec(exec) = &event.data else {
                continue;
            };
            let passes = pushed.uid.is_none_or(|uid| Some(uid) == exec.uid)
                && pushed.ppid.is_none_or(|ppid| ppid == exec.parent.pid);
            let wanted = filter.matches(&event, &Annotations::default());
            prop_assert!(passes || !wanted, "{} on {:?}", text, seed);
            prop_assert!(!exact || passes == wanted, "{} on {:?}", text, seed);
        }
    }
}
