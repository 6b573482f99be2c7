// error: to_cpus redirects packets
BPF_CPUMAP(to_cpus, 10);
TRACEPOINT_PROBE(sched, sched_process_exec) { return 0; }
