/* Types and constants that the kernel has, too, under the same names. */
#include <linux/sched.h>
#define TASK_COMM_LEN 16
struct key {
    u32 pid;
};
struct event {
    char comm[TASK_COMM_LEN];
};
enum states { TASK_ON_RQ_QUEUED = 7, PIDTYPE_PID = 9 };
struct list_head {
    int mine;
};
typedef struct {
    u64 mine;
} loff_t;
static inline u64 bpf_log2(u64 value)
{
    loff_t twice = {value * 2};
    return twice.mine;
}
struct sched_entity {
    u64 mine;
};
BPF_HASH(heads, struct key, struct list_head);
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(sched, sched_process_exec)
{
    struct key key = {args->pid};
    struct list_head head = {PIDTYPE_PID};
    struct event event = {};
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    struct sched_entity se = {task->se.on_rq}; /* the kernel's, by a member */
    head.mine += se.mine;
    head.mine += bpf_log2(task->pid);
    heads.update(&key, &head);
    events.perf_submit(args, &event, sizeof(event));
    return 0;
}
