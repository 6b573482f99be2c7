// SPDX-License-Identifier: GPL-2.0 OR MIT OR Apache-2.0
/*
 * Every exec with its arguments, in libbpf's dialect: `bpfrun examples/libbpf/execargs.bpf.c`.
 *
 * The same as bcc/execargs.c, and the same shortcomings: see docs/two-methods.md.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define ARGSIZE	 64
#define MAX_ARGS 12

struct event {
	u32 pid;
	u32 ppid;
	int ret;
	u32 args_size;
	char comm[16];
	char args[MAX_ARGS * ARGSIZE];
};

static const struct event empty;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct event);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u32));
} events SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_execve")
int on_enter(struct trace_event_raw_sys_enter *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	const char **argv = (const char **)ctx->args[1];
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct event *event;

	if (bpf_map_update_elem(&calls, &tid, &empty, BPF_NOEXIST))
		return 0;
	event = bpf_map_lookup_elem(&calls, &tid);
	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
#pragma unroll
	for (int i = 0; i < MAX_ARGS; i++) {
		const char *arg = NULL;
		long length;

		bpf_probe_read_user(&arg, sizeof(arg), &argv[i]);
		if (!arg || event->args_size > (MAX_ARGS - 1) * ARGSIZE)
			break;
		length = bpf_probe_read_user_str(&event->args[event->args_size], ARGSIZE, arg);
		if (length < 0)
			break;
		event->args_size += length;
	}
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_execve")
int on_exit(struct trace_event_raw_sys_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct event *event = bpf_map_lookup_elem(&calls, &tid);
	u64 size;

	if (!event)
		return 0;
	event->ret = ctx->ret;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	/* Only what is used of args. */
	size = sizeof(*event) - sizeof(event->args) + event->args_size;
	if (size <= sizeof(*event))
		bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, event, size);
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
