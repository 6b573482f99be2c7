// Arguments of system calls, whose registers are kept one step away; BCC's first example is such a probe, too.
// expect: SEC("ksyscall/execve") int syscall__execve(struct pt_regs *ctx
// expect: SEC("ksyscall/getpgid") int kprobe__sys_getpgid(void *ctx)
// expect: SEC("kretsyscall/getpgid") int kretprobe__sys_getpgid(struct pt_regs *ctx)
#include <uapi/linux/ptrace.h>
#include <linux/sched.h>
struct exec {
    u32 pid;
    char file[32];
    char first[32];
};
BPF_PERF_OUTPUT(events);
BPF_HASH(entered, u32);
BPF_HASH(left, int);
int syscall__execve(struct pt_regs *ctx, const char __user *filename, const char __user *const __user *argv,
                    const char __user *const __user *envp)
{
    struct exec exec = {.pid = bpf_get_current_pid_tgid() >> 32};
    bpf_probe_read_user_str(exec.file, sizeof(exec.file), filename);
    const char *first = argv[1];
    bpf_probe_read_user_str(exec.first, sizeof(exec.first), first);
    events.perf_submit(ctx, &exec, sizeof(exec));
    return 0;
}
int kprobe__sys_getpgid(void *ctx)
{
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    entered.increment(pid);
    return 0;
}
int kretprobe__sys_getpgid(struct pt_regs *ctx)
{
    left.increment(PT_REGS_RC(ctx));
    return 0;
}
