// SPDX-License-Identifier: GPL-2.0 OR MIT OR Apache-2.0
/* A ring buffer with events of two types, and a perf buffer. */
#include "bpf.h"

struct small {
	u32 number;
};

struct large {
	u32 number;
	char text[20];
};

struct {
	__uint(type, RINGBUF);
	__uint(max_entries, 1 << 16);
} ring SEC(".maps");

struct {
	__uint(type, PERF_EVENT_ARRAY);
	__type(key, u32);
	__type(value, struct large);
} perf SEC(".maps");

struct small *__bpfrun_event0_ring SEC(".bpfrun.events");
struct large *__bpfrun_event1_ring SEC(".bpfrun.events");

SEC("tp/syscalls/sys_enter_getpgid")
int on_getpgid(struct getpgid *call)
{
	u32 pid = call->pid;
	struct small small = {NUMBER(pid)};
	struct large large = {NUMBER(pid), "text"};

	if (!IS_OURS(pid))
		return 0;
	ring_output(&ring, &small, sizeof(small), 0);
	ring_output(&ring, &large, sizeof(large), 0);
	perf_output(call, &perf, CURRENT_CPU, &large, sizeof(large));
	return 0;
}
