// attach: sample=perf_event
// expect: SEC("perf_event") int sample(struct bpf_perf_event_data *ctx)
#include <uapi/linux/bpf_perf_event.h>
BPF_HASH(addresses, u64);
BPF_STACK_TRACE(stacks, 100);
int sample(struct bpf_perf_event_data *ctx)
{
    u64 address = PT_REGS_IP(&ctx->regs);
    stacks.get_stackid(&ctx->regs, BPF_F_USER_STACK);
    addresses.increment(address);
    return 0;
}
