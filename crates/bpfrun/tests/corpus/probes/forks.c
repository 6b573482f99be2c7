// Chains of kernel pointers, a bit-field at their end, and an array in a struct far away.
// expect: BPF_CORE_READ_BITFIELD_PROBED(
// expect: SEC("kprobe/wake_up_new_task") int kprobe__wake_up_new_task(struct pt_regs *ctx)
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
struct fork {
    u32 pid;
    u32 ppid;
    u32 uid;
    u32 pid_ns;
    u32 subreaper;
    char comm[16];
};
BPF_RINGBUF_OUTPUT(events, 8);
int kprobe__wake_up_new_task(struct pt_regs *ctx, struct task_struct *p)
{
    struct fork fork = {.pid = p->tgid, .ppid = p->real_parent->tgid};
    fork.uid = p->cred->uid.val;
    fork.pid_ns = p->nsproxy->pid_ns_for_children->ns.inum;
    fork.subreaper = p->real_parent->signal->is_child_subreaper;
    bpf_probe_read_kernel_str(fork.comm, sizeof(fork.comm), p->real_parent->comm);
    events.ringbuf_output(&fork, sizeof(fork), 0);
    return 0;
}
