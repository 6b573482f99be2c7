// expect: args->data_loc_filename
// expect: char _license[] SEC("license") = "Dual MIT/GPL"
#define BPF_LICENSE Dual MIT/GPL
struct event {
    u32 pid;
    char name[64];
    char fixed[16];
};
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(sched, sched_process_exec)
{
    struct event event = {.pid = args->pid};
    TP_DATA_LOC_READ_CONST(event.name, filename, 16);
    TP_DATA_LOC_READ_STR(event.name, filename, sizeof(event.name));
    events.perf_submit(args, &event, sizeof(event));
    return 0;
}
TRACEPOINT_PROBE(sched, sched_switch)
{
    struct event event = {.pid = args->next_pid};
    __builtin_memcpy(event.fixed, args->next_comm, sizeof(event.fixed));
    events.perf_submit(args, &event, sizeof(event));
    return 0;
}
