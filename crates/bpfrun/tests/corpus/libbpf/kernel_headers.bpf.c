/* Kernel headers in place of vmlinux.h, as small programs have them. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <linux/sched.h>
#include <bpf/bpf_helpers.h>
#define TASK_COMM_LEN 16

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, char[TASK_COMM_LEN]);
} last SEC(".maps");

SEC("tp/sched/sched_process_exec")
int on_exec(void *ctx)
{
    __u32 zero = 0;
    char *comm = bpf_map_lookup_elem(&last, &zero);
    if (comm)
        bpf_get_current_comm(comm, TASK_COMM_LEN);
    return 0;
}
char LICENSE[] SEC("license") = "GPL";
