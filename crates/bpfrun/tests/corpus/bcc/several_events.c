// event: events struct one
// event: events struct two
// event: numbers u64
struct one {
    u32 kind;
};
struct two {
    u32 kind;
    u64 more;
};
BPF_PERF_OUTPUT(events);
BPF_PERF_OUTPUT(numbers);
static inline void send(void *ctx, void *data, u32 size)
{
    events.perf_submit(ctx, data, size);
}
TRACEPOINT_PROBE(sched, sched_process_exec)
{
    struct one one = {1};
    struct two two = {2, 3};
    u64 number = 4;
    send(args, &one, sizeof(one));
    send(args, (char *)&two, sizeof(two));
    numbers.perf_submit(args, &number, sizeof(number));
    return 0;
}
