// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define TASK_COMM_LEN 16
#define ARGSIZE 128
#define TOTAL_MAX_ARGS 60
#define FULL_MAX_ARGS_ARR (TOTAL_MAX_ARGS * ARGSIZE)
#define BASE_EVENT_SIZE (size_t)(&((struct event *)0)->args)
#define EVENT_SIZE(e) (BASE_EVENT_SIZE + e->args_size)
#define LAST_ARG (FULL_MAX_ARGS_ARR - ARGSIZE)

struct event {
    pid_t pid;
    pid_t ppid;
    uid_t uid;
    int retval;
    int args_count;
    unsigned int args_size;
    char comm[TASK_COMM_LEN];
    char args[FULL_MAX_ARGS_ARR];
};

static const struct event empty_event = {};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 10240);
    __type(key, pid_t);
    __type(value, struct event);
} execs SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, sizeof(u32));
    __uint(value_size, sizeof(u32));
} events SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_execve")
int tracepoint__syscalls__sys_enter_execve(struct trace_event_raw_sys_enter *ctx)
{
    u64 id = bpf_get_current_pid_tgid();
    pid_t pid = (pid_t)id, tgid = id >> 32;
    unsigned int ret;
    struct event *event;
    struct task_struct *task;
    const char **args = (const char **)(ctx->args[1]);
    const char *argp;
    int i;

    if (bpf_map_update_elem(&execs, &pid, &empty_event, BPF_NOEXIST))
        return 0;
    event = bpf_map_lookup_elem(&execs, &pid);
    if (!event)
        return 0;
    event->pid = tgid;
    event->uid = (u32)bpf_get_current_uid_gid();
    task = (struct task_struct *)bpf_get_current_task();
    event->ppid = (pid_t)BPF_CORE_READ(task, real_parent, tgid);
    event->args_count = 0;
    event->args_size = 0;

    ret = bpf_probe_read_user_str(event->args, ARGSIZE, (const char *)ctx->args[0]);
    if (ret <= ARGSIZE) {
        event->args_size += ret;
    } else {
        event->args[0] = '\0';
        event->args_size++;
    }
    event->args_count++;

#pragma unroll
    for (i = 1; i < TOTAL_MAX_ARGS; i++) {
        bpf_probe_read_user(&argp, sizeof(argp), &args[i]);
        if (!argp)
            return 0;
        if (event->args_size > LAST_ARG)
            return 0;
        ret = bpf_probe_read_user_str(&event->args[event->args_size], ARGSIZE, argp);
        if (ret > ARGSIZE)
            return 0;
        event->args_count++;
        event->args_size += ret;
    }
    /* try to read one more argument to check if there is one */
    bpf_probe_read_user(&argp, sizeof(argp), &args[TOTAL_MAX_ARGS]);
    if (!argp)
        return 0;
    event->args_count++;
    return 0;
}

SEC("tracepoint/syscalls/sys_exit_execve")
int tracepoint__syscalls__sys_exit_execve(struct trace_event_raw_sys_exit *ctx)
{
    u32 pid = (u32)bpf_get_current_pid_tgid();
    struct event *event = bpf_map_lookup_elem(&execs, &pid);
    if (!event)
        return 0;
    event->retval = ctx->ret;
    bpf_get_current_comm(&event->comm, sizeof(event->comm));
    size_t len = EVENT_SIZE(event);
    if (len <= sizeof(*event))
        bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, event, len);
    bpf_map_delete_elem(&execs, &pid);
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
