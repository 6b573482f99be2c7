// expect: bpf_probe_read(&__bpfrun_val, sizeof(__bpfrun_val), (void *)&task->tgid)
// expect-not: counts.increment
#include <linux/sched.h>
#define COUNT(map, key) map.increment(key)
#define FIELD(task, name) ((task)->name)
#define MY_HASH(name) BPF_HASH(name, u32, u64, 64)
MY_HASH(counts);
TRACEPOINT_PROBE(sched, sched_process_exec)
{
    struct task_struct *task = (void *)bpf_get_current_task();
    u32 pid = task->tgid;
    COUNT(counts, pid);
    pid = FIELD(task, real_parent)->pid;
    COUNT(counts, pid);
    return 0;
}
