// error: shared is to be pinned in the file system, which is not supported
BPF_TABLE("hash:/sys/fs/bpf/shared", u32, u64, shared, 10);
TRACEPOINT_PROBE(sched, sched_process_exec) { return 0; }
