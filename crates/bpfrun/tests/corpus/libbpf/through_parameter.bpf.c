// event: events struct event
// event: marked struct other
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <gadget/macros.h>
struct event {
    u64 a;
};
struct other {
    u32 b;
};
struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, 4);
    __uint(value_size, 4);
} events SEC(".maps"), marked SEC(".maps");
GADGET_TRACER(others, marked, other);
static __always_inline void send(void *ctx, void *data, u64 size)
{
    bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, data, size);
}
SEC("raw_tp/sched_switch")
int on_switch(void *ctx)
{
    struct event event = {1};
    u64 raw = 2;
    send(ctx, &event, sizeof(event));
    bpf_perf_event_output(ctx, &marked, BPF_F_CURRENT_CPU, &raw, sizeof(raw));
    return 0;
}
char LICENSE[] SEC("license") = "GPL";
