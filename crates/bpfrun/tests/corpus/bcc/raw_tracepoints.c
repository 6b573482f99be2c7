// expect: SEC("raw_tp/sched_switch") int raw_tracepoint__sched_switch(struct bpf_raw_tracepoint_args *ctx)
// expect: bpf_probe_read(&__bpfrun_val, sizeof(__bpfrun_val), (void *)&next->pid)
#include <linux/sched.h>
BPF_HASH(runs, u32);
RAW_TRACEPOINT_PROBE(sched_switch)
{
    struct task_struct *prev = (struct task_struct *)ctx->args[1];
    struct task_struct *next = (struct task_struct *)ctx->args[2];
    u32 pid = next->pid;
    if (prev->pid == 0 || next->mm == NULL)
        return 0;
    runs.increment(pid);
    return 0;
}
