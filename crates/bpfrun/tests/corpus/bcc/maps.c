// expect: char __bpfrun_counters_counters
// expect: __uint(type, BPF_MAP_TYPE_HASH); __type(key, u64); __type(value, u64); __uint(max_entries, 10240); } h1 SEC(".maps")
// expect: __uint(type, BPF_MAP_TYPE_HASH); __type(key, struct key); __type(value, struct leaf); __uint(max_entries, 50); } h4 SEC
// expect: __uint(type, BPF_MAP_TYPE_LRU_HASH)
// expect: __uint(type, BPF_MAP_TYPE_PERCPU_HASH)
// expect: __uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH)
// expect: __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, int); __type(value, u64); __uint(max_entries, 10240); } a1 SEC
// expect: __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __type(key, int); __type(value, struct leaf); __uint(max_entries, 1); } pa SEC
// expect: __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(key_size, 4); __uint(value_size, 127 * 8); __uint(max_entries, 1024); } traces
// expect: __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, ((8) * 4096)); } ring SEC
// expect: __uint(type, BPF_MAP_TYPE_LPM_TRIE)
// expect: __uint(type, BPF_MAP_TYPE_QUEUE); __type(value, u32); __uint(max_entries, 16); } q SEC
// expect: __uint(type, BPF_MAP_TYPE_HASH); __type(key, u32); __type(value, u64); __uint(max_entries, 77); __uint(map_flags, BPF_F_NO_PREALLOC); } flagged SEC
struct key {
    u32 pid;
    char comm[16];
};
struct leaf {
    u64 count;
    u64 sum;
};
struct prefix {
    u32 bits;
    u32 address;
};
BPF_HASH(h1);
BPF_HASH(h2, u32);
BPF_HASH(h3, u32, struct leaf);
BPF_HASH(h4, struct key, struct leaf, 50);
BPF_LRU_HASH(lru, u32);
BPF_PERCPU_HASH(ph, u32, u64, 128);
BPF_LRU_PERCPU_HASH(lph, u32, u64);
BPF_ARRAY(a1);
BPF_ARRAY(a2, struct leaf, 3);
BPF_PERCPU_ARRAY(pa, struct leaf, 1);
BPF_STACK_TRACE(traces, 1024);
BPF_RINGBUF_OUTPUT(ring, 8);
BPF_PERF_OUTPUT(perf);
BPF_PERF_ARRAY(counters, 8);
BPF_CGROUP_ARRAY(groups, 1);
BPF_LPM_TRIE(trie, struct prefix, u64, 10);
BPF_QUEUE(q, u32, 16);
BPF_STACK(st, u32, 16);
BPF_TABLE("lru_hash", u32, u64, table, 99);
BPF_F_TABLE("hash", u32, u64, flagged, 77, BPF_F_NO_PREALLOC);
TRACEPOINT_PROBE(sched, sched_process_fork)
{
    return 0;
}
