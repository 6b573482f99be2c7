// expect: bpf_probe_read(&__bpfrun_val, sizeof(__bpfrun_val), (void *)&args->argv[i])
#include <uapi/linux/ptrace.h>
BPF_ARRAY(lengths, u64, 20);
static int count(const char *const *argv)
{
    return argv[0] != 0;
}
TRACEPOINT_PROBE(syscalls, sys_enter_execve)
{
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const char *arg = args->argv[i];
        if (!arg)
            break;
        lengths.increment(i);
    }
    lengths.increment(19, count(args->envp));
    return 0;
}
