// SPDX-License-Identifier: GPL-2.0 OR MIT OR Apache-2.0
/* Many large records through a perf buffer. */
#include "bpf.h"

struct event {
	u32 number;
	char ballast[220];
};

struct {
	__uint(type, PERF_EVENT_ARRAY);
	__type(key, u32);
	__type(value, struct event);
} events SEC(".maps");

SEC("tp/syscalls/sys_enter_getpgid")
int on_getpgid(struct getpgid *call)
{
	u32 pid = call->pid;
	struct event event = {NUMBER(pid), ""};

	if (IS_OURS(pid))
		perf_output(call, &events, CURRENT_CPU, &event, sizeof(event));
	return 0;
}
