// error: errors/typo.c:7:39: error: no member named 'tgidd' in 'struct task_struct'
BPF_HASH(counts, u32);
#define WRAP(x) (x)
TRACEPOINT_PROBE(sched, sched_process_exec)
{
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    u32 pid = WRAP(args->pid) + task->tgidd;
    counts.increment(pid);
    return 0;
}
