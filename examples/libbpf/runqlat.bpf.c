// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tasks that waited longer than a millisecond for a CPU: from being woken to running. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define SLOW_NS 1000000

struct event {
	__u32 pid;
	__u32 cpu;
	__u64 wait_ns;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, __u64);
} woken SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

SEC("tp_btf/sched_wakeup")
int BPF_PROG(wakeup, struct task_struct *task)
{
	__u32 pid = task->pid;
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&woken, &pid, &now, BPF_ANY);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempted, struct task_struct *before, struct task_struct *next)
{
	__u32 pid = next->pid;
	__u64 *since = bpf_map_lookup_elem(&woken, &pid);
	struct event event = {};

	if (!since)
		return 0;
	event.pid = pid;
	event.cpu = bpf_get_smp_processor_id();
	event.wait_ns = bpf_ktime_get_ns() - *since;
	bpf_map_delete_elem(&woken, &pid);
	if (event.wait_ns < SLOW_NS)
		return 0;
	bpf_probe_read_kernel_str(event.comm, sizeof(event.comm), next->comm);
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
