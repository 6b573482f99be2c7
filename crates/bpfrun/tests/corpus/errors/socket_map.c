// error: to_sockets redirects packets
BPF_TABLE("xskmap", int, int, to_sockets, 10);
TRACEPOINT_PROBE(sched, sched_process_exec) { return 0; }
