// SPDX-License-Identifier: GPL-2.0 OR MIT OR Apache-2.0
/*
 * Every exec with its arguments, in BCC's dialect: `bpfrun examples/bcc/execargs.c`.
 *
 * The arguments are read when the system call begins, from the caller's memory. What the tracer
 * execsnoop does better, and why: docs/two-methods.md.
 */
#include <uapi/linux/ptrace.h>
#include <linux/sched.h>

#define ARGSIZE	 64
#define MAX_ARGS 6

struct event {
	u32 pid;
	u32 ppid;
	int ret;
	u32 args_size;
	char comm[TASK_COMM_LEN];
	char args[MAX_ARGS * ARGSIZE];
};

BPF_HASH(calls, u32, struct event);
BPF_PERF_OUTPUT(events);

/* Appends an argument with its NUL; 0 when there is none or no room. */
static int add(struct event *event, const char *arg)
{
	if (!arg || event->args_size > (MAX_ARGS - 1) * ARGSIZE)
		return 0;
	int length = bpf_probe_read_user_str(&event->args[event->args_size], ARGSIZE, arg);
	if (length < 0)
		return 0;
	event->args_size += length;
	return 1;
}

TRACEPOINT_PROBE(syscalls, sys_enter_execve)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct event empty = {}, *event;

	event = calls.lookup_or_try_init(&tid, &empty);
	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->ppid = task->real_parent->tgid;
#pragma unroll
	for (int i = 0; i < MAX_ARGS; i++) {
		if (!add(event, args->argv[i]))
			break;
	}
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_execve)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct event *event = calls.lookup(&tid);

	if (!event)
		return 0;
	event->ret = args->ret;
	bpf_get_current_comm(&event->comm, sizeof(event->comm));
	events.perf_submit(args, event, sizeof(*event));
	calls.delete(&tid);
	return 0;
}
