// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Every program that is started: who, by whom, with which name, and what execve returned. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct event {
	__u32 pid;
	__u32 ppid;
	int ret;
	char comm[16];
	char filename[128];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u64);
	__type(value, struct event);
} started SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_execve")
int enter(struct trace_event_raw_sys_enter *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();
	struct event event = {};

	event.pid = id >> 32;
	event.ppid = BPF_CORE_READ(task, real_parent, tgid);
	bpf_probe_read_user_str(event.filename, sizeof(event.filename), (void *)ctx->args[0]);
	bpf_map_update_elem(&started, &id, &event, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_execve")
int leave(struct trace_event_raw_sys_exit *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct event *event = bpf_map_lookup_elem(&started, &id);

	if (!event)
		return 0;
	event->ret = ctx->ret;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_output(&events, event, sizeof(*event), 0);
	bpf_map_delete_elem(&started, &id);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
