// error: BPF_TABLE has 2 arguments where it needs five
BPF_TABLE("hash", u32);
TRACEPOINT_PROBE(sched, sched_process_exec) { return 0; }
