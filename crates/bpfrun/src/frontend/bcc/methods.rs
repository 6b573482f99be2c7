//! Calls of a map's methods, as calls of the kernel's helpers.

use crate::frontend::bcc::error::TranslateError;
use crate::frontend::bcc::maps::Map;

/// Methods that are a helper with the map put first.
const PLAIN: [(&str, &str); 9] = [
    ("push", "bpf_map_push_elem"),
    ("pop", "bpf_map_pop_elem"),
    ("peek", "bpf_map_peek_elem"),
    ("check_current_task", "bpf_current_task_under_cgroup"),
    ("perf_read", "bpf_perf_event_read"),
    ("perf_counter_value", "bpf_perf_event_read_value"),
    ("ringbuf_output", "bpf_ringbuf_output"),
    ("ringbuf_query", "bpf_ringbuf_query"),
    ("delete", "bpf_map_delete_elem"),
];

/// The C of a method's call.
pub(crate) fn translate(
    map: &Map,
    method: &str,
    arguments: &[String],
) -> Result<String, TranslateError> {
    let name = &map.name;
    let of = |index: usize| arguments.get(index).map_or("0", String::as_str);
    let (first, second) = (of(0), of(1));
    Ok(match method {
        "lookup" => format!("(({} *)bpf_map_lookup_elem(&{name}, {first}))", map.leaf),
        "lookup_or_try_init" => lookup_or_init(map, first, second, ""),
        "lookup_or_init" => lookup_or_init(map, first, second, " if (!__bpfrun_leaf) return 0;"),
        "update" => format!("bpf_map_update_elem(&{name}, {first}, {second}, BPF_ANY)"),
        "insert" => format!("bpf_map_update_elem(&{name}, {first}, {second}, BPF_NOEXIST)"),
        "increment" => increment(map, arguments, "*__bpfrun_leaf += __bpfrun_by"),
        "atomic_increment" => increment(
            map,
            arguments,
            "__sync_fetch_and_add(__bpfrun_leaf, __bpfrun_by)",
        ),
        "perf_submit" => format!(
            "bpf_perf_event_output({first}, &{name}, BPF_F_CURRENT_CPU, {second}, {})",
            of(2)
        ),
        "perf_submit_skb" => format!(
            "bpf_perf_event_output({first}, &{name}, (u64)({second}) << 32 | BPF_F_CURRENT_CPU, {}, {})",
            of(2),
            of(3)
        ),
        "ringbuf_reserve" => format!("bpf_ringbuf_reserve(&{name}, {first}, 0)"),
        "ringbuf_submit" => format!("bpf_ringbuf_submit({})", arguments.join(", ")),
        "ringbuf_discard" => format!("bpf_ringbuf_discard({})", arguments.join(", ")),
        "get_stackid" => format!("bpf_get_stackid({first}, &{name}, {second})"),
        "call" => format!("bpf_tail_call({first}, &{name}, {second})"),
        other if other.contains("_storage_") => {
            format!("bpf_{other}(&{name}, {})", arguments.join(", "))
        }
        other => plain(map, other, arguments)?,
    })
}

fn plain(map: &Map, method: &str, arguments: &[String]) -> Result<String, TranslateError> {
    let found = PLAIN.iter().find(|(name, _)| *name == method);
    let (_, helper) = found.ok_or_else(|| TranslateError::Method {
        map: map.name.clone(),
        method: method.to_owned(),
    })?;
    Ok(format!("{helper}(&{}, {})", map.name, arguments.join(", ")))
}

fn lookup_or_init(map: &Map, key: &str, leaf: &str, otherwise: &str) -> String {
    let (name, leaf_type) = (&map.name, &map.leaf);
    let (key_type, find) = (
        &map.key,
        format!("bpf_map_lookup_elem(&{name}, __bpfrun_key)"),
    );
    format!(
        "({{ {key_type} *__bpfrun_key = {key}; {leaf_type} *__bpfrun_leaf = {find}; if (!__bpfrun_leaf) {{ \
         bpf_map_update_elem(&{name}, __bpfrun_key, {leaf}, BPF_NOEXIST); __bpfrun_leaf = {find};{otherwise} }} __bpfrun_leaf; }})"
    )
}

/// Arrays hold every key from the beginning; to hashes a new one is added.
fn increment(map: &Map, arguments: &[String], add: &str) -> String {
    let (name, key_type, leaf_type) = (&map.name, &map.key, &map.leaf);
    let key = arguments.first().map_or("0", String::as_str);
    let by = arguments.get(1).map_or("1", String::as_str);
    let otherwise = match map.is_hash() {
        true => format!(
            " else {{ {leaf_type} __bpfrun_first = __bpfrun_by; bpf_map_update_elem(&{name}, &__bpfrun_key, &__bpfrun_first, BPF_NOEXIST); }}"
        ),
        false => String::new(),
    };
    format!(
        "({{ {key_type} __bpfrun_key = {key}; {leaf_type} __bpfrun_by = {by}; \
         {leaf_type} *__bpfrun_leaf = bpf_map_lookup_elem(&{name}, &__bpfrun_key); if (__bpfrun_leaf) {add};{otherwise} }})"
    )
}
