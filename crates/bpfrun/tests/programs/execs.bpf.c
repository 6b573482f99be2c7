// SPDX-License-Identifier: GPL-2.0 OR MIT OR Apache-2.0
/* Execs through a perf buffer. Its type is known by inspektor-gadget's marker. */
#include "bpf.h"

struct exec {
	u32 pid;
	char comm[16];
};

struct {
	__uint(type, PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} execs SEC(".maps");

const void *gadget_tracer_exec___execs___exec SEC(".rodata");
const struct exec *unused_exec SEC(".rodata");

SEC("tp/sched/sched_process_exec")
int on_exec(void *ctx)
{
	struct exec exec = {.pid = pid_tgid() >> 32};

	comm_of(exec.comm, sizeof(exec.comm));
	perf_output(ctx, &execs, CURRENT_CPU, &exec, sizeof(exec));
	return 0;
}
