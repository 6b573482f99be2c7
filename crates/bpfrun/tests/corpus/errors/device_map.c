// error: to_devices redirects packets, which only network programs (XDP) do; bpfrun attaches tracing programs only
BPF_DEVMAP(to_devices, 10);
TRACEPOINT_PROBE(sched, sched_process_exec) { return to_devices.redirect_map(0, 0); }
