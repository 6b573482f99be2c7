// expect: BPF_CORE_READ_BITFIELD_PROBED(task, sched_reset_on_fork)
// expect: (void *)&up->static_prio)
// expect: (void *)&either->prio)
// expect: (void *)&up->tgid)
// expect: (void *)&up->normal_prio)
// expect-not: = task->real_parent
#include <linux/sched.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
struct seen {
    struct task_struct *task;
    u32 pid;
};
BPF_HASH(tasks, u32, struct seen);
BPF_HASH(sums, u32);
static struct task_struct *parent(struct task_struct *task)
{
    return task->real_parent;
}
static u32 namespace_of(struct task_struct *task)
{
    return task->nsproxy->pid_ns_for_children->ns.inum;
}
TRACEPOINT_PROBE(sched, sched_process_exit)
{
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    struct task_struct *up = parent(task), **where = &up;
    struct seen seen = {}, *found;
    u32 pid = task->pid;
    u64 sum = 0;
    seen.task = task;
    tasks.update(&pid, &seen);
    found = tasks.lookup(&pid);
    if (found)
        sum += found->task->tgid;
    sum += up->pid + (*where)->tgid + namespace_of(task);
    sum += task->comm[0] + task->sched_reset_on_fork;
    sum += task->signal ? task->signal->rlim[3].rlim_cur : sizeof(task->pid);
    sum += (&task->se)->sum_exec_runtime;
    struct task_struct *both[2] = {task, up};
    struct seen again = {.task = both[1]};
    for (int i = 0; i < 2; i++)
        sum += both[i]->tgid + again.task->pid;
    u32 some[4] = {up->tgid, up->normal_prio};
    struct task_struct *more[4] = {up};
    sum += some[1] + more[0]->tgid;
    struct task_struct *either = up ?: task;
    sum += (up->static_prio ?: 5) + either->prio;
    struct mm_struct *mm;
    if ((mm = task->mm))
        sum += mm->total_vm;
    sums.update(&pid, &sum);
    return 0;
}
