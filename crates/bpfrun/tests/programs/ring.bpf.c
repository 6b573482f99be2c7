// SPDX-License-Identifier: GPL-2.0 OR MIT OR Apache-2.0
/* A ring buffer with one event of every kind of field. */
#include "bpf.h"

enum state { IDLE, BUSY = 5, GONE = -1 };

struct point {
	u16 x;
	short y;
};

struct event {
	u32 number;
	u32 tgid;
	char comm[16];
	enum state state;
	_Bool even;
	u64 large;
	struct point at;
	u32 low : 4, high : 12;
	u8 bytes[4];
	u16 list[3];
	union {
		u32 word;
		char letters[4];
	};
	const void *address;
};

struct {
	__uint(type, RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

struct event *__bpfrun_event0_events SEC(".bpfrun.events");

SEC("tp/syscalls/sys_enter_getpgid")
int on_getpgid(struct getpgid *call)
{
	u32 pid = call->pid;
	struct event *event;

	if (!IS_OURS(pid))
		return 0;
	event = ring_reserve(&events, sizeof(*event), 0);
	if (!event)
		return 0;
	__builtin_memset(event, 0, sizeof(*event));
	event->number = NUMBER(pid);
	event->tgid = pid_tgid() >> 32;
	comm_of(event->comm, sizeof(event->comm));
	event->state = NUMBER(pid) % 2 ? GONE : BUSY;
	event->even = NUMBER(pid) % 2 == 0;
	event->large = ~0ULL;
	event->at.x = 7;
	event->at.y = -3;
	event->low = 5;
	event->high = 0xabc;
	event->bytes[0] = 0xde;
	event->bytes[3] = 0xad;
	event->list[2] = 80;
	event->word = 0x44434241;
	event->address = (void *)0xffff800000000000;
	ring_submit(event, 0);
	return 0;
}
