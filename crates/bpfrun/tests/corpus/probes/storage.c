// load: no: trampolines are refused on some hardened kernels
// expect: bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE)
// expect: bpf_task_storage_get(&tasks, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE)
// What is kept with a socket and a task, and goes when they go.
#include <net/sock.h>
#include <linux/sched.h>
BPF_SK_STORAGE(sockets, u64);
BPF_TASK_STORAGE(tasks, u32);
struct kept {
    u32 pid;
    u32 value;
};
BPF_PERF_OUTPUT(connects);
BPF_PERF_OUTPUT(exits);
KFUNC_PROBE(tcp_v4_connect, struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
    u64 *value = sockets.sk_storage_get(sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
    if (value)
        *value = addr_len + 1000;
    return 0;
}
KRETFUNC_PROBE(tcp_v4_connect, struct sock *sk, struct sockaddr *uaddr, int addr_len, int ret)
{
    struct kept kept = {.pid = bpf_get_current_pid_tgid() >> 32};
    u64 *value = sockets.sk_storage_get(sk, 0, 0);
    if (!value)
        return 0;
    kept.value = *value;
    sockets.sk_storage_delete(sk);
    connects.perf_submit(ctx, &kept, sizeof(kept));
    return 0;
}
KFUNC_PROBE(wake_up_new_task, struct task_struct *p)
{
    u32 *value = tasks.task_storage_get(p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (value)
        *value = p->tgid + 7;
    return 0;
}
KFUNC_PROBE(do_exit, long code)
{
    struct task_struct *task = bpf_get_current_task_btf();
    struct kept kept = {.pid = bpf_get_current_pid_tgid() >> 32};
    u32 *value = tasks.task_storage_get(task, 0, 0);
    if (!value)
        return 0;
    kept.value = *value;
    exits.perf_submit(ctx, &kept, sizeof(kept));
    return 0;
}
