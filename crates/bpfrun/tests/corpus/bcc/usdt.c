// attach: on_probe=usdt
// expect: bpf_usdt_arg(ctx, (1) - 1, &__bpfrun_arg)
#include <uapi/linux/ptrace.h>
BPF_HASH(values, u64);
int on_probe(struct pt_regs *ctx)
{
    u64 value = 0;
    char text[16];
    bpf_usdt_readarg(1, ctx, &value);
    bpf_usdt_readarg_p(2, ctx, text, sizeof(text));
    values.increment(value);
    return 0;
}
