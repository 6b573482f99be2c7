// SPDX-License-Identifier: GPL-2.0 OR MIT OR Apache-2.0
/* A perf buffer with records that are shorter than their type, as libbpf-tools' execsnoop sends
 * them. */
#include "bpf.h"

struct event {
	u32 number;
	u32 args_count;
	u32 args_size;
	char args[4096];
	u32 never_sent;
};

struct {
	__uint(type, PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

struct {
	__uint(type, ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct event);
} scratch SEC(".maps");

struct event *__bpfrun_event0_events SEC(".bpfrun.events");

SEC("tp/syscalls/sys_enter_getpgid")
int on_getpgid(struct getpgid *call)
{
	u32 pid = call->pid, zero = 0;
	struct event *event = lookup(&scratch, &zero);

	if (!IS_OURS(pid) || !event)
		return 0;
	event->number = NUMBER(pid);
	event->args_count = 3;
	event->args_size = 10;
	__builtin_memcpy(event->args, "ls\0a b\0\0/x", 11);
	/* 3 * 4 + 10 bytes, which the kernel pads. */
	perf_output(call, &events, CURRENT_CPU, event, 22);
	return 0;
}
