/*
 * The classic: execve is seen entering and leaving. Commentaires non ASCII : é, ü, 中文.
 */
#include <uapi/linux/ptrace.h>
#include <linux/sched.h>
#include <linux/fs.h>

#define ARGSIZE 128
#define MAXARG 20
#define TASK_COMM_LEN 16

enum event_type {
    EVENT_ARG, // 参数
    EVENT_RET,
};

struct data_t {
    u32 pid;  // PID as in the userspace term (i.e. task->tgid in kernel)
    u32 ppid;
    u32 uid;
    char comm[TASK_COMM_LEN];
    enum event_type type;
    char argv[ARGSIZE];
    int retval;
};

struct start_t {
    u64 ts;
    u32 args;
};

BPF_HASH(starts, u32, struct start_t);
BPF_PERF_OUTPUT(events);

static int __submit_arg(struct tracepoint__syscalls__sys_enter_execve *ctx, void *ptr,
                        struct data_t *data)
{
    bpf_probe_read_user(data->argv, sizeof(data->argv), ptr);
    events.perf_submit(ctx, data, sizeof(struct data_t));
    return 1;
}

static int submit_arg(struct tracepoint__syscalls__sys_enter_execve *args, int i, struct data_t *data)
{
    const char *argp = args->argv[i];
    if (argp) {
        return __submit_arg(args, (void *)argp, data);
    }
    return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_execve)
{
    struct data_t data = {};
    struct start_t start = {};
    struct task_struct *task;
    u32 pid = bpf_get_current_pid_tgid() >> 32;

    start.ts = bpf_ktime_get_ns();
    data.pid = pid;
    data.uid = bpf_get_current_uid_gid();
    // le père
    task = (struct task_struct *)bpf_get_current_task();
    data.ppid = task->real_parent->tgid;
    bpf_get_current_comm(&data.comm, sizeof(data.comm));
    data.type = EVENT_ARG;

    __submit_arg(args, (void *)args->filename, &data);
#pragma unroll
    for (int i = 1; i < MAXARG; i++) {
        if (submit_arg(args, i, &data) == 0)
            goto out;
        start.args++;
    }
    char ellipsis[] = "...";
    __submit_arg(args, (void *)ellipsis, &data);
out:
    starts.update(&pid, &start);
    return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_execve)
{
    struct data_t data = {};
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    struct start_t *start = starts.lookup(&pid);
    if (start == 0)
        return 0;
    data.pid = pid;
    data.type = EVENT_RET;
    data.retval = args->ret;
    bpf_get_current_comm(&data.comm, sizeof(data.comm));
    events.perf_submit(args, &data, sizeof(data));
    starts.delete(&pid);
    return 0;
}
