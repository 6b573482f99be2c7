// expect: static typeof(*(&data)) *__bpfrun_event100_events
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(sched, sched_process_exec)
{
    struct {
        u32 pid;
        u64 ts;
    } data = {};
    data.pid = args->pid;
    data.ts = bpf_ktime_get_ns();
    events.perf_submit(args, &data, sizeof(data));
    return 0;
}
