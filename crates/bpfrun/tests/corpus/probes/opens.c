// Typed arguments of a kernel function, and its return: what is behind a kernel pointer is read without a word.
// expect: SEC("kprobe/do_sys_openat2") int kprobe__do_sys_openat2(struct pt_regs *ctx)
// expect: SEC("kretprobe/do_sys_openat2")
// expect: (void *)&how->flags)
#include <uapi/linux/ptrace.h>
#include <linux/fs.h>
struct call {
    u32 pid;
    int dfd;
    int ret;
    u64 flags;
    u64 mode;
    char name[32];
};
BPF_HASH(calls, u64, struct call);
BPF_PERF_OUTPUT(events);
int kprobe__do_sys_openat2(struct pt_regs *ctx, int dfd, const char __user *filename, struct open_how *how)
{
    u64 id = bpf_get_current_pid_tgid();
    struct call call = {.pid = id >> 32, .dfd = dfd};
    call.flags = how->flags;
    call.mode = how->mode;
    bpf_probe_read_user_str(call.name, sizeof(call.name), filename);
    calls.update(&id, &call);
    return 0;
}
int kretprobe__do_sys_openat2(struct pt_regs *ctx)
{
    u64 id = bpf_get_current_pid_tgid();
    struct call *call = calls.lookup(&id);
    if (!call)
        return 0;
    call->ret = PT_REGS_RC(ctx);
    events.perf_submit(ctx, call, sizeof(*call));
    calls.delete(&id);
    return 0;
}
