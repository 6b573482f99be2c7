// error: h is declared with more arguments than its macro takes
BPF_HASH(h, u32, u64, 10, 0, 1);
TRACEPOINT_PROBE(sched, sched_process_exec) { return 0; }
