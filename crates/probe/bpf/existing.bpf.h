/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The processes that are there already when tracing begins: the ancestors of those to come. */
#pragma once
#include "cgroup.h"

SEC("iter/task")
int each_existing(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task, *parent;
	struct rec_existing rec = {};
	const struct cred *cred;
	__u32 unused;

	if (!task || task->pid != task->tgid)
		return 0;
	if (!task->signal->live.counter) /* it has ended, and waits to be reaped */
		return 0;
	parent = task->real_parent->group_leader;
	rec.head.time = bpf_ktime_get_boot_ns();
	rec.head.start = task->start_boottime;
	rec.head.pid = task->tgid;
	rec.seen_pid = pid_for_tracer(true, task);
	rec.ppid = parent->tgid;
	rec.parent_start = parent->start_boottime;
	current_cgroup(true, &rec.place, task);
	cred = READ_TAGGED(task, cred);
	rec.uid = BPF_CORE_READ(cred, uid.val);
	rec.gid = BPF_CORE_READ(cred, gid.val);
	rec.ns_pid = ns_pid(true, task->thread_pid, &unused);
	rec.exec_number = exec_number(true, task);
	bpf_probe_read_kernel(rec.comm, sizeof(rec.comm), task->comm);
	bpf_seq_write(ctx->meta->seq, &rec, sizeof(rec));
	return 0;
}
