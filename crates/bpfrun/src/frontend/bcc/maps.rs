//! The maps of BCC's dialect: their macros, their methods and what they become.

use crate::frontend::bcc::error::TranslateError;

/// A kind of map, by the name that `BPF_TABLE` has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MapKind {
    name: &'static str,
    /// The kernel's name, after `BPF_MAP_TYPE_`.
    kernel: &'static str,
    family: Family,
}

/// Maps that have the same methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Hash,
    Array,
    PerfOutput,
    RingBuffer,
    StackTrace,
    PerfArray,
    CgroupArray,
    Queue,
    ProgArray,
    Redirect,
    Storage,
}

const KINDS: [MapKind; 22] = [
    kind("hash", "HASH", Family::Hash),
    kind("lru_hash", "LRU_HASH", Family::Hash),
    kind("percpu_hash", "PERCPU_HASH", Family::Hash),
    kind("lru_percpu_hash", "LRU_PERCPU_HASH", Family::Hash),
    kind("lpm_trie", "LPM_TRIE", Family::Hash),
    kind("array", "ARRAY", Family::Array),
    kind("percpu_array", "PERCPU_ARRAY", Family::Array),
    kind("perf_output", "PERF_EVENT_ARRAY", Family::PerfOutput),
    kind("ringbuf", "RINGBUF", Family::RingBuffer),
    kind("stacktrace", "STACK_TRACE", Family::StackTrace),
    kind("stacktrace_buildid", "STACK_TRACE", Family::StackTrace),
    kind("perf_array", "PERF_EVENT_ARRAY", Family::PerfArray),
    kind("cgroup_array", "CGROUP_ARRAY", Family::CgroupArray),
    kind("queue", "QUEUE", Family::Queue),
    kind("stack", "STACK", Family::Queue),
    kind("prog", "PROG_ARRAY", Family::ProgArray),
    kind("devmap", "DEVMAP", Family::Redirect),
    kind("cpumap", "CPUMAP", Family::Redirect),
    kind("xskmap", "XSKMAP", Family::Redirect),
    kind("sk_storage", "SK_STORAGE", Family::Storage),
    kind("inode_storage", "INODE_STORAGE", Family::Storage),
    kind("task_storage", "TASK_STORAGE", Family::Storage),
];

const fn kind(name: &'static str, kernel: &'static str, family: Family) -> MapKind {
    MapKind {
        name,
        kernel,
        family,
    }
}

/// A map that a program declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Map {
    pub name: String,
    pub kind: MapKind,
    pub key: String,
    pub leaf: String,
    pub size: String,
    pub flags: String,
    pub is_histogram: bool,
}

impl Map {
    /// Reads the arguments of a map's macro; the first says which macro it was.
    pub fn parse(arguments: &[String]) -> Result<Self, TranslateError> {
        let (macro_name, rest) = arguments.split_first().ok_or(TranslateError::NoMapName)?;
        match macro_name.as_str() {
            "table" | "f_table" => Self::table(rest),
            "histogram" => Self::histogram(rest),
            other => Self::by_macro(other, rest),
        }
    }

    /// `BPF_TABLE(type, key, leaf, name, size)`, and `BPF_F_TABLE` with flags after it.
    fn table(arguments: &[String]) -> Result<Self, TranslateError> {
        let [type_name, key, leaf, name, size, flags @ ..] = arguments else {
            return Err(TranslateError::TableArguments(arguments.len()));
        };
        let plain = type_name.replace(['"', ' '], "");
        if plain.contains(':') {
            return Err(TranslateError::Pinned(name.clone()));
        }
        if plain == "histogram" {
            return Ok(Self::histogram_of(name, key, size));
        }
        if find(&plain)?.family == Family::Redirect {
            return Err(TranslateError::Redirect(name.clone()));
        }
        Ok(Self {
            name: name.clone(),
            kind: find(&plain)?,
            key: key.clone(),
            leaf: leaf.clone(),
            size: size.clone(),
            flags: flags.first().cloned().unwrap_or_else(|| "0".to_owned()),
            is_histogram: false,
        })
    }

    /// `BPF_HISTOGRAM(name, key = int, size = 64)`.
    fn histogram(arguments: &[String]) -> Result<Self, TranslateError> {
        let name = arguments.first().ok_or(TranslateError::NoMapName)?;
        let key = arguments.get(1).map_or("int", String::as_str);
        let size = arguments.get(2).map_or("64", String::as_str);
        Ok(Self::histogram_of(name, key, size))
    }

    /// Slots by number are an array; slots of anything else are counted in a hash.
    fn histogram_of(name: &str, key: &str, size: &str) -> Self {
        let kind = if key == "int" { "array" } else { "hash" };
        Self {
            is_histogram: true,
            ..Self::new(name, kind, key, "u64", size)
        }
    }

    fn new(name: &str, kind: &str, key: &str, leaf: &str, size: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: find(kind).unwrap_or(KINDS[0]),
            key: key.to_owned(),
            leaf: leaf.to_owned(),
            size: size.to_owned(),
            flags: "0".to_owned(),
            is_histogram: false,
        }
    }

    fn by_macro(kind: &str, arguments: &[String]) -> Result<Self, TranslateError> {
        let family = find(kind)?.family;
        let name = arguments.first().ok_or(TranslateError::NoMapName)?;
        if arguments.len() > most_arguments(family) {
            return Err(TranslateError::MapArguments(name.clone()));
        }
        let at = |index: usize, default: &'static str| -> String {
            let given = arguments.get(index).map(String::as_str);
            given.unwrap_or(default).to_owned()
        };
        let (key, leaf, size, flags) = match family {
            Family::Hash if kind == "lpm_trie" => (at(1, "u64"), at(2, "u64"), at(3, "10240"), 4),
            Family::Hash => (at(1, "u64"), at(2, "u64"), at(3, "10240"), 4),
            Family::Array => ("int".to_owned(), at(1, "u64"), at(2, "10240"), 3),
            Family::PerfOutput => ("int".to_owned(), "u32".to_owned(), "0".to_owned(), 9),
            // Its second argument is a number of pages.
            Family::RingBuffer => {
                let pages = format!("(({}) * 4096)", at(1, "8"));
                ("int".to_owned(), "u32".to_owned(), pages, 9)
            }
            Family::StackTrace => ("int".to_owned(), "u64".to_owned(), at(1, "10240"), 2),
            Family::Queue => ("int".to_owned(), at(1, "u64"), at(2, "10240"), 3),
            Family::Storage => ("int".to_owned(), at(1, "u64"), "0".to_owned(), 9),
            Family::Redirect => return Err(TranslateError::Redirect(name.clone())),
            _ => ("int".to_owned(), "u32".to_owned(), at(1, "10240"), 2),
        };
        let mut map = Self::new(name, kind, &key, &leaf, &size);
        map.flags = at(flags, "0");
        Ok(map)
    }

    /// Whether a count for a new key must first be put there.
    pub fn is_hash(&self) -> bool {
        self.kind.family == Family::Hash
    }

    /// Whether it holds programs that others call.
    pub fn calls_programs(&self) -> bool {
        self.kind.family == Family::ProgArray
    }

    /// Whether it holds the CPUs' counters.
    pub fn has_counters(&self) -> bool {
        self.kind.family == Family::PerfArray
    }

    /// As a struct of functions, on which the compiler checks every method call.
    pub fn as_struct(&self) -> String {
        let (name, key, leaf) = (&self.name, &self.key, &self.leaf);
        let methods: Vec<_> = methods(self.kind.family)
            .iter()
            .map(|(_, signature)| {
                format!("{signature};")
                    .replace("KEY", key)
                    .replace("LEAF", leaf)
            })
            .collect();
        format!(
            "struct {name}_table_t {{ {key} __key; {leaf} __leaf; {} }}; extern struct {name}_table_t {name}",
            methods.join(" ")
        )
    }

    /// As libbpf knows it.
    pub fn as_libbpf(&self) -> String {
        let mut fields = vec![format!("__uint(type, BPF_MAP_TYPE_{})", self.kind.kernel)];
        fields.extend(self.sizes());
        if self.kind.family == Family::Storage {
            fields.push("__uint(map_flags, BPF_F_NO_PREALLOC)".to_owned());
        } else if self.kind.name == "stacktrace_buildid" {
            fields.push("__uint(map_flags, BPF_F_STACK_BUILD_ID)".to_owned());
        } else if self.kind.name == "lpm_trie" && self.flags == "0" {
            fields.push("__uint(map_flags, BPF_F_NO_PREALLOC)".to_owned());
        } else if self.flags != "0" {
            fields.push(format!("__uint(map_flags, {})", self.flags));
        }
        format!(
            "struct {{ {}; }} {} SEC(\".maps\")",
            fields.join("; "),
            self.name
        )
    }

    fn sizes(&self) -> Vec<String> {
        let entries = format!("__uint(max_entries, {})", self.size);
        let key = format!("__type(key, {})", self.key);
        let value = format!("__type(value, {})", self.leaf);
        match self.kind.family {
            Family::PerfOutput => {
                vec!["__uint(key_size, 4)".into(), "__uint(value_size, 4)".into()]
            }
            Family::RingBuffer => vec![entries],
            Family::Hash | Family::Array => vec![key, value, entries],
            Family::Queue => vec![value, entries],
            Family::Storage => vec![key, value],
            Family::ProgArray => vec![
                "__uint(key_size, 4)".into(),
                entries,
                "__array(values, int(void *))".into(),
            ],
            Family::StackTrace => vec![
                "__uint(key_size, 4)".into(),
                format!("__uint(value_size, {})", self.trace_size()),
                entries,
            ],
            _ => vec![
                "__uint(key_size, 4)".into(),
                "__uint(value_size, 4)".into(),
                entries,
            ],
        }
    }

    /// 127 frames, each an address or a build id.
    fn trace_size(&self) -> &'static str {
        match self.kind.name {
            "stacktrace_buildid" => "127 * 32",
            _ => "127 * 8",
        }
    }

    /// The names of its methods, for who asked for one that there is not.
    pub fn method_names(&self) -> Vec<&'static str> {
        methods(self.kind.family)
            .iter()
            .map(|(name, _)| *name)
            .collect()
    }

    /// What a program wrote to declare it.
    pub fn macro_name(&self) -> String {
        match (self.is_histogram, self.kind.name) {
            (true, _) => "BPF_HISTOGRAM".to_owned(),
            (_, "ringbuf") => "BPF_RINGBUF_OUTPUT".to_owned(),
            (_, "stacktrace") => "BPF_STACK_TRACE".to_owned(),
            (_, "prog") => "BPF_PROG_ARRAY".to_owned(),
            (_, name) => format!("BPF_{}", name.to_uppercase()),
        }
    }
}

/// How many arguments a map's macro takes, its flags included.
fn most_arguments(family: Family) -> usize {
    match family {
        Family::Hash => 5,
        Family::Array | Family::Queue => 4,
        Family::StackTrace => 3,
        Family::PerfOutput => 1,
        _ => 2,
    }
}

fn find(name: &str) -> Result<MapKind, TranslateError> {
    let found = KINDS.into_iter().find(|kind| kind.name == name);
    found.ok_or_else(|| TranslateError::MapKind {
        name: name.to_owned(),
        known: known(),
    })
}

/// Those that a program can have here.
fn known() -> String {
    let kinds = KINDS.iter().filter(|kind| kind.family != Family::Redirect);
    kinds.map(|kind| kind.name).collect::<Vec<_>>().join(", ")
}

type Method = (&'static str, &'static str);

const LOOKUP: Method = ("lookup", "LEAF *(*lookup)(KEY *)");
const UPDATE: Method = ("update", "int (*update)(KEY *, LEAF *)");
const DELETE: Method = ("delete", "int (*delete)(KEY *)");
const INSERT: Method = ("insert", "int (*insert)(KEY *, LEAF *)");
const TRY_INIT: Method = (
    "lookup_or_try_init",
    "LEAF *(*lookup_or_try_init)(KEY *, LEAF *)",
);
const INIT: Method = ("lookup_or_init", "LEAF *(*lookup_or_init)(KEY *, LEAF *)");
const INCREMENT: Method = ("increment", "void (*increment)(KEY, ...)");
const ATOMIC: Method = ("atomic_increment", "void (*atomic_increment)(KEY, ...)");

/// What can be done with a family of maps, and the C types of it.
fn methods(family: Family) -> &'static [Method] {
    match family {
        Family::Hash | Family::Array => &[
            LOOKUP, TRY_INIT, INIT, UPDATE, INSERT, DELETE, INCREMENT, ATOMIC,
        ],
        Family::PerfOutput => &[
            ("perf_submit", "int (*perf_submit)(void *, void *, u32)"),
            (
                "perf_submit_skb",
                "int (*perf_submit_skb)(void *, u32, void *, u32)",
            ),
        ],
        Family::RingBuffer => &[
            ("ringbuf_output", "int (*ringbuf_output)(void *, u64, u64)"),
            ("ringbuf_reserve", "void *(*ringbuf_reserve)(u64)"),
            ("ringbuf_submit", "void (*ringbuf_submit)(void *, u64)"),
            ("ringbuf_discard", "void (*ringbuf_discard)(void *, u64)"),
            ("ringbuf_query", "u64 (*ringbuf_query)(u64)"),
        ],
        Family::StackTrace => &[("get_stackid", "int (*get_stackid)(void *, u64)")],
        Family::PerfArray => &[
            ("perf_read", "u64 (*perf_read)(int)"),
            (
                "perf_counter_value",
                "int (*perf_counter_value)(int, void *, u32)",
            ),
        ],
        Family::CgroupArray => &[("check_current_task", "int (*check_current_task)(int)")],
        Family::Queue => &[
            ("push", "int (*push)(LEAF *, u64)"),
            ("pop", "int (*pop)(LEAF *)"),
            ("peek", "int (*peek)(LEAF *)"),
        ],
        Family::ProgArray => &[("call", "void (*call)(void *, int)")],
        Family::Redirect => &[], // refused before anybody could call one
        Family::Storage => &[
            (
                "sk_storage_get",
                "LEAF *(*sk_storage_get)(void *, void *, int)",
            ),
            ("sk_storage_delete", "int (*sk_storage_delete)(void *)"),
            (
                "inode_storage_get",
                "LEAF *(*inode_storage_get)(void *, void *, int)",
            ),
            (
                "inode_storage_delete",
                "int (*inode_storage_delete)(void *)",
            ),
            (
                "task_storage_get",
                "LEAF *(*task_storage_get)(void *, void *, int)",
            ),
            ("task_storage_delete", "int (*task_storage_delete)(void *)"),
        ],
    }
}
