// load: no: trampolines are refused on some hardened kernels
// expect: SEC("fentry/wake_up_new_task")
// expect: SEC("fexit/do_sys_openat2")
// expect: SEC("fmod_ret/security_file_open")
#include <linux/sched.h>
#include <linux/fs.h>
struct fork {
    u32 pid;
    u32 ppid;
};
struct call {
    u32 pid;
    int dfd;
    int ret;
    u64 flags;
    char name[32];
};
BPF_PERF_OUTPUT(forks);
BPF_PERF_OUTPUT(events);
BPF_HASH(allowed, u32);
KFUNC_PROBE(wake_up_new_task, struct task_struct *p)
{
    struct fork fork = {.pid = p->tgid, .ppid = p->real_parent->tgid};
    forks.perf_submit(ctx, &fork, sizeof(fork));
    return 0;
}
KRETFUNC_PROBE(do_sys_openat2, int dfd, const char __user *filename, struct open_how *how, int ret)
{
    struct call call = {.pid = bpf_get_current_pid_tgid() >> 32, .dfd = dfd, .ret = ret};
    call.flags = how->flags;
    bpf_probe_read_user_str(call.name, sizeof(call.name), filename);
    events.perf_submit(ctx, &call, sizeof(call));
    return 0;
}
KMOD_RET(security_file_open, struct file *file, int ret)
{
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    allowed.increment(pid);
    return ret;
}
