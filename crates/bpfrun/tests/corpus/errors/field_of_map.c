// error: errors/field_of_map.c:3:74: error: h has no method 'leaf'; a BPF_HASH has lookup
BPF_HASH(h, u32, u64, 10);
TRACEPOINT_PROBE(sched, sched_process_exec) { u64 x = 1; return sizeof(h.leaf); }
