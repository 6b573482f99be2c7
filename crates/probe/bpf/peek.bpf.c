/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Shows the loader kernel memory: its own task_struct, and what that points to. Attached for the
 * few system calls that it takes to find out where the fields are (src/layout.rs), then gone.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "layout.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define PEEK_SIZE 8192
#define PEEK_STEP 256

struct peek {
	__u64 at;     /* asked for: an address; 0 for the task_struct itself */
	__u64 cookie; /* asked with: the second argument of the system call to act on */
	__u64 task, regs;
	__u32 tgid, filled; /* bytes read */
	__u8 bytes[PEEK_SIZE];
};

struct peek peek;

struct raw_args {
	__u64 args[2];
};

SEC("raw_tracepoint/sys_exit")
int on_peek(struct raw_args *ctx)
{
	__u64 cookie = 0, regs = ctx->args[0], from = peek.at;

	bpf_probe_read_kernel(&cookie, sizeof(cookie), (void *)regs + REG_ARG2);
	if (!peek.cookie || cookie != peek.cookie)
		return 0;
	peek.regs = regs;
	peek.task = bpf_get_current_task();
	peek.tgid = bpf_get_current_pid_tgid() >> 32;
	peek.filled = 0;
	if (!from)
		from = peek.task;
	for (__u32 at = 0; at < PEEK_SIZE; at += PEEK_STEP) {
		if (bpf_probe_read_kernel(peek.bytes + at, PEEK_STEP, (void *)from + at))
			break;
		peek.filled = at + PEEK_STEP;
	}
	return 0;
}
