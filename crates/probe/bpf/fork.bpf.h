/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every new process, and who created it. At task_newtask the creator is the current task, which
 * sched_process_fork's parent is not always (CLONE_PARENT), and the flags of clone are given.
 */
#pragma once
#include "common.h"
#include "cpu_slice.h"

#define CLONE_VFORK  0x00004000
#define CLONE_NEWPID 0x20000000

SEC("tp_btf/task_newtask")
int BPF_PROG(on_fork, struct task_struct *child, __u64 clone_flags)
{
	struct task_struct *creator = current_task();
	struct rec_fork *rec;
	__u64 me, now;
	__u32 unused;

	if (want_slices)
		unaccounted_runtime(FETCH(CURRENT_TYPED, creator, se.exec_start));
	if (child->pid != child->tgid) /* a thread */
		return 0;
	COUNT(kind[KIND_FORK].seen);
	now = bpf_ktime_get_boot_ns();
	rec = bpf_ringbuf_reserve(&ring, sizeof(*rec), 0);
	if (!rec) {
		COUNT(kind[KIND_FORK].ring_full);
		return 0;
	}
	me = bpf_get_current_pid_tgid();
	rec->head.time = now;
	rec->head.start = child->start_boottime;
	rec->head.type = RECORD_FORK;
	rec->head.pid = child->tgid;
	rec->creator_start = FETCH(CURRENT_TYPED, creator, group_leader, start_boottime);
	rec->creator_pid = me >> 32;
	rec->creator_tid = me;
	rec->ns_pid = ns_pid(true, child->thread_pid, &unused);
	rec->exec_number = exec_number(true, child);
	rec->flags = rec->pad = 0;
	if (clone_flags & CLONE_VFORK)
		rec->flags |= FORK_VFORK;
	if (clone_flags & CLONE_NEWPID)
		rec->flags |= FORK_PID_NS;
	if (pid_for_tracer(CURRENT_TYPED, creator) == tracer_pid)
		rec->flags |= FORK_BY_TRACER;
	bpf_ringbuf_submit(rec, wake_flag(now));
	return 0;
}
