// SPDX-License-Identifier: GPL-2.0 OR MIT OR Apache-2.0
/* Events without a known type. */
#include "bpf.h"

struct hidden {
	u32 number;
	u8 tail[2];
};

struct {
	__uint(type, RINGBUF);
	__uint(max_entries, 1 << 16);
} events SEC(".maps");

/* Only so that the type is in the object. */
struct hidden *hidden;

SEC("tp/syscalls/sys_enter_getpgid")
int on_getpgid(struct getpgid *call)
{
	u32 pid = call->pid;
	struct hidden event = {NUMBER(pid), {1, 2}};

	if (IS_OURS(pid))
		ring_output(&events, &event, sizeof(event), 0);
	return 0;
}
