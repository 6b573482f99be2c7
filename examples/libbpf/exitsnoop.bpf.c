// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Every process that ends: how long it lived, and how it ended. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct event {
	__u64 lifetime_ns;
	__u32 pid;
	__u32 ppid;
	int exit_code;
	int signal;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

SEC("tracepoint/sched/sched_process_exit")
int exited(void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	int code = BPF_CORE_READ(task, exit_code);
	struct event *event;

	if (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid)) /* a thread */
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return 0;
	event->lifetime_ns = bpf_ktime_get_ns() - BPF_CORE_READ(task, start_time);
	event->pid = BPF_CORE_READ(task, tgid);
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->exit_code = code >> 8 & 0xff;
	event->signal = code & 0x7f;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
