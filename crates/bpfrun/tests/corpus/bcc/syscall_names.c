// expect: SEC("ksyscall/openat") int syscall__openat(struct pt_regs *ctx)
// expect: struct pt_regs *__bpfrun_ctx = (struct pt_regs *)PT_REGS_PARM1(ctx);
// expect: const char *name __attribute__((unused)) = (typeof(name))(PT_REGS_PARM2_CORE_SYSCALL(__bpfrun_ctx));
#include <uapi/linux/ptrace.h>
int syscall__openat(struct pt_regs *ctx, int dfd, const char __user *name, int flags)
{
    char text[32];
    bpf_probe_read_user_str(text, sizeof(text), name);
    bpf_trace_printk("%d %s\n", flags, text);
    return 0;
}
