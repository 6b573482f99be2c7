// expect: } sizes SEC(".maps")
// expect: __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, int); __type(value, u64); __uint(max_entries, 64); } sizes
// expect: __uint(type, BPF_MAP_TYPE_HASH); __type(key, struct slot_key); __type(value, u64); __uint(max_entries, 64); } by_name
// expect: char __bpfrun_histogram_by_name SEC(".bpfrun.maps")
// expect: char __bpfrun_histogram_sizes SEC(".bpfrun.maps")
struct slot_key {
    char comm[16];
    u64 slot;
};
BPF_HISTOGRAM(sizes);
BPF_HISTOGRAM(by_name, struct slot_key);
TRACEPOINT_PROBE(syscalls, sys_enter_write)
{
    struct slot_key key = {.slot = bpf_log2l(args->count)};
    bpf_get_current_comm(&key.comm, sizeof(key.comm));
    by_name.increment(key);
    sizes.increment(bpf_log2(args->count));
    return 0;
}
