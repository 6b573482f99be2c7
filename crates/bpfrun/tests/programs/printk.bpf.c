// SPDX-License-Identifier: GPL-2.0 OR MIT OR Apache-2.0
/* Lines in the trace pipe. */
#include "bpf.h"

SEC("tp/syscalls/sys_enter_getpgid")
int on_getpgid(struct getpgid *call)
{
	static const char format[] = "our number %d";
	u32 pid = call->pid;

	if (IS_OURS(pid))
		printk(format, sizeof(format), NUMBER(pid));
	return 0;
}
