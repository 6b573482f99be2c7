// event: out struct event
// event: reserved event_t
// expect: bpf_ringbuf_reserve(&reserved, sizeof(event_t), 0)
// expect: bpf_ringbuf_submit(event, 0)
// expect: bpf_ringbuf_discard(event, 0)
struct event {
    u32 pid;
};
typedef struct {
    u32 pid;
    u8 flags : 3;
} event_t;
BPF_RINGBUF_OUTPUT(out, 8);
BPF_RINGBUF_OUTPUT(reserved, 8);
static int send(void *data, u64 size)
{
    return out.ringbuf_output(data, size, 0);
}
TRACEPOINT_PROBE(sched, sched_process_exec)
{
    struct event one = {.pid = args->pid};
    send(&one, sizeof(one));
    event_t *event = reserved.ringbuf_reserve(sizeof(event_t));
    if (!event)
        return 0;
    event->pid = args->pid;
    event->flags = 1;
    if (args->pid == 1)
        reserved.ringbuf_discard(event, 0);
    else
        reserved.ringbuf_submit(event, 0);
    return reserved.ringbuf_query(BPF_RB_AVAIL_DATA) > 4096;
}
