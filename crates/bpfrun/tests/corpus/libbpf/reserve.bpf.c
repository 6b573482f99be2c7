// event: events struct event
#include "vmlinux.h"
#include <bpf_helpers.h>
#include <bpf_core_read.h>
#include <bpf_tracing.h>
#include <bpf_endian.h>

enum { TASK_COMM_LEN = 16, PIDTYPE_PID = 3 };
struct list_head {
    int mine;
};
typedef short pid_t;
struct event {
    pid_t pid;
    u16 port;
    char comm[TASK_COMM_LEN];
    struct list_head head;
};
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} events SEC(".maps");

static __always_inline struct event *get(void)
{
    struct event *event;
    event = bpf_ringbuf_reserve(&events, sizeof(struct event), 0);
    return event;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
    struct event *event = get();
    if (!event)
        return 0;
    event->pid = BPF_CORE_READ(task, real_parent, tgid);
    event->port = bpf_htons(PIDTYPE_PID);
    event->head.mine = 1;
    bpf_ringbuf_submit(event, 0);
    return 0;
}
char LICENSE[] SEC("license") = "GPL";
