// load: no: trampolines are refused on some hardened kernels
// The same functions through libbpf's macros; the last two are told by --attach where they belong.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

struct count {
    u32 pid;
    u32 probe;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 10240);
    __type(key, struct count);
    __type(value, u64);
} counts SEC(".maps");

static int count(u32 probe)
{
    struct count key = {.pid = bpf_get_current_pid_tgid() >> 32, .probe = probe};
    u64 one = 1, *so_far = bpf_map_lookup_elem(&counts, &key);

    // Each process counts by itself. (Of an atomic addition clang 22 makes one that also fetches: 5.12+.)
    if (so_far)
        *so_far += 1;
    else
        bpf_map_update_elem(&counts, &key, &one, BPF_NOEXIST);
    return 0;
}

SEC("kprobe/do_sys_openat2")
int BPF_KPROBE(entered, int dfd, const char *filename, struct open_how *how)
{
    return BPF_CORE_READ(how, flags) & 01000 /* O_TRUNC */ ? count(1) : 0;
}

SEC("kretprobe/do_sys_openat2")
int BPF_KRETPROBE(left, long ret)
{
    return (int)ret == -2 /* ENOENT */ ? count(2) : 0;
}

SEC("fentry/do_sys_openat2")
int BPF_PROG(cheaply_entered, int dfd, const char *filename, struct open_how *how)
{
    return how->flags & 01000 ? count(3) : 0;
}

SEC("fexit/do_sys_openat2")
int BPF_PROG(cheaply_left, int dfd, const char *filename, struct open_how *how, int ret)
{
    return ret == -2 ? count(4) : 0;
}

SEC("ksyscall/getpgid")
int BPF_KSYSCALL(called, int pid)
{
    return pid == 0x40000007 ? count(5) : 0;
}

SEC("kprobe")
int BPF_KPROBE(by_option, struct task_struct *task)
{
    return count(6);
}

SEC("fentry")
int BPF_PROG(cheaply_by_option, struct task_struct *task)
{
    return count(7);
}

char LICENSE[] SEC("license") = "GPL";
