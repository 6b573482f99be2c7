// attach: by_option=kprobe/do_unlinkat
// attach: not_used=none
// expect: SEC("kprobe/tcp_v4_connect") int kprobe__tcp_v4_connect(struct pt_regs *ctx)
// expect: SEC("kretprobe/tcp_v4_connect")
// expect: SEC("kprobe/do_unlinkat") int by_option(struct pt_regs *ctx)
// expect: struct sock *sk __attribute__((unused)) = (typeof(sk))(PT_REGS_PARM1(ctx));
// expect-not: int kprobe__tcp_v4_connect(struct pt_regs *ctx,
#include <uapi/linux/ptrace.h>
#include <net/sock.h>
#include <bcc/proto.h>
struct event {
    u16 port;
    u32 address;
    u32 pid;
    u8 name[32];
};
BPF_HASH(current, u32, struct sock *);
BPF_PERF_OUTPUT(events);
int kprobe__tcp_v4_connect(struct pt_regs *ctx, struct sock *sk, struct sockaddr *uaddr)
{
    u32 pid = bpf_get_current_pid_tgid();
    current.update(&pid, &sk);
    return 0;
}
int kretprobe__tcp_v4_connect(struct pt_regs *ctx)
{
    int ret = PT_REGS_RC(ctx);
    u32 pid = bpf_get_current_pid_tgid();
    struct event event = {.pid = pid};
    struct sock **skpp = current.lookup(&pid);
    if (!skpp || ret != 0)
        return 0;
    struct sock *sk = *skpp;
    event.address = sk->__sk_common.skc_daddr;
    event.port = ntohs(sk->sk_dport);
    events.perf_submit(ctx, &event, sizeof(event));
    current.delete(&pid);
    return 0;
}
int by_option(struct pt_regs *ctx, int dfd, struct filename *name)
{
    struct event event = {};
    bpf_probe_read_kernel_str(event.name, sizeof(event.name), name->name);
    event.pid = dfd;
    events.perf_submit(ctx, &event, sizeof(event));
    return 0;
}
int not_used(struct pt_regs *ctx)
{
    return 0;
}
