/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The end of a process: how, and what it cost. One record for each process, whatever its threads
 * do.
 *
 * From 6.16 the tracepoint says itself whether this thread was the last (group_dead). Before,
 * signal->live is 0 by then, but for several threads when they leave together: the first to put the
 * process into a map speaks for all.
 */
#pragma once
#include "task_info.h"
#include "cpu_slice.h"
#include "prepared.h"

#define SIGNAL_GROUP_EXIT 4 /* include/linux/sched/signal.h */
#define MAX_THREADS	  128 /* that are added up one by one; those gone before are in signal_struct */

struct process_key {
	__u64 start;
	__u32 pid, pad;
};

/* Processes of several threads that have ended. Only used before 6.16. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct process_key);
	__type(value, __u8);
} ended SEC(".maps");

/* The sums that a process's threads add up to, while they are being added up. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rec_exit);
} exits SEC(".maps");

static __always_inline struct rec_exit *the_exit(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&exits, &zero);
}

/* Adds the accounts of a thread, or of the threads that are gone (signal_struct has the same
 * names). */
#define ADD_ACCOUNTS(typed, rec, from)                                                             \
	do {                                                                                       \
		(rec)->utime += FETCH(typed, from, utime);                                         \
		(rec)->stime += FETCH(typed, from, stime);                                         \
		(rec)->minor_faults += FETCH(typed, from, min_flt);                                \
		(rec)->major_faults += FETCH(typed, from, maj_flt);                                \
		(rec)->voluntary += FETCH(typed, from, nvcsw);                                     \
		(rec)->involuntary += FETCH(typed, from, nivcsw);                                  \
		if (bpf_core_field_exists((from)->ioac)) {                                         \
			(rec)->read_chars += FETCH(typed, from, ioac.rchar);                       \
			(rec)->write_chars += FETCH(typed, from, ioac.wchar);                      \
			(rec)->read_bytes += FETCH(typed, from, ioac.read_bytes);                  \
			(rec)->write_bytes += FETCH(typed, from, ioac.write_bytes);                \
		}                                                                                  \
	} while (0)

/* Adds the threads that are not released yet: the leader, if it went first and waits as a zombie,
 * and all that are still exiting. */
SUBPROG int add_threads(__u64 signal_address)
{
	struct signal_struct *signal = (void *)signal_address;
	struct list_head *head = __builtin_preserve_access_index(&signal->thread_head);
	struct list_head *at = BPF_CORE_READ(head, next);
	struct rec_exit *rec = the_exit();

	if (!rec)
		return 0;
	for (int i = 0; i < MAX_THREADS; i++) {
		struct task_struct *thread;

		if (at == head || !at)
			return 0;
		thread = (void *)at - bpf_core_field_offset(struct task_struct, thread_node);
		rec->runtime += BPF_CORE_READ(thread, se.sum_exec_runtime);
		ADD_ACCOUNTS(false, rec, thread);
		at = BPF_CORE_READ(at, next);
	}
	rec->flags |= EXIT_CUT;
	return 0;
}

/* Whether this thread's exit is the process's end. */
static __always_inline bool ends_process(__u64 *ctx, struct task_struct *task, bool alone)
{
	struct signal_struct *signal = task->signal;
	__u8 one = 1;

	if (bpf_core_field_exists(struct trace_event_raw_sched_process_exit, group_dead))
		return ctx[1] & 1;
	if (signal->live.counter)
		return false;
	if (signal->sum_sched_runtime || !alone) { /* it has had more than one thread */
		struct process_key key = {
			.start = task->group_leader->start_boottime, .pid = task->tgid};

		return !bpf_map_update_elem(&ended, &key, &one, BPF_NOEXIST);
	}
	return true;
}

/* Peak memory of this image, from its mm, which still exists at the exit from 6.16 on. (Its
 * counters lag behind by some pages for each CPU.) */
static __always_inline void add_image_rss(struct rec_exit *rec, struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	__s64 now;

	rec->image_rss = 0;
	if (!bpf_core_field_exists(struct trace_event_raw_sched_process_exit, group_dead) || !mm)
		return;
	now = mm->rss_stat[0].count + mm->rss_stat[1].count + mm->rss_stat[3].count;
	rec->image_rss = mm->hiwater_rss;
	if (now > 0 && (__u64)now > rec->image_rss)
		rec->image_rss = now;
	rec->flags |= EXIT_MM;
}

static __always_inline void describe_exit(struct rec_exit *rec, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader, *parent = task->real_parent->group_leader;
	struct signal_struct *signal = task->signal;
	__u64 uid_gid = bpf_get_current_uid_gid();
	__u32 unused;

	rec->head.start = leader->start_boottime;
	rec->head.type = RECORD_EXIT;
	rec->head.pid = task->tgid;
	rec->parent_start = parent->start_boottime;
	rec->ppid = parent->tgid;
	rec->uid = uid_gid;
	rec->gid = uid_gid >> 32;
	rec->code = leader->exit_code;
	if (signal->flags & SIGNAL_GROUP_EXIT)
		rec->code = signal->group_exit_code;
	if (signal->oom_mm)
		rec->flags |= EXIT_OOM;
	rec->exec_number = exec_number(true, leader);
	rec->pad = 0;
	rec->max_rss = signal->maxrss;
	rec->ns_pid = ns_pid(true, leader->thread_pid, &unused);
	/* Not the current thread's name: the last thread is not always the leader. */
	bpf_probe_read_kernel(rec->comm, sizeof(rec->comm), leader->comm);
}

/* The running slice, at most the time that this thread has lived and is not known to have run. A
 * CPU's clock gap grows where another guest takes the CPU away, and the estimate with it. */
static __always_inline __u64 possible_slice(struct task_struct *task, __u64 now)
{
	__u64 slice = unaccounted_runtime(task->se.exec_start);
	__u64 life = now - task->start_boottime, known = task->se.sum_exec_runtime;

	return known < life ? smaller(slice, life - known) : 0;
}

static __always_inline void add_costs(struct rec_exit *rec, struct task_struct *task, bool alone)
{
	struct signal_struct *signal = task->signal;

	rec->utime = rec->stime = rec->minor_faults = rec->major_faults = 0;
	rec->voluntary = rec->involuntary = 0;
	rec->read_bytes = rec->write_bytes = rec->read_chars = rec->write_chars = 0;
	rec->flags = bpf_core_field_exists(task->ioac) ? EXIT_IO : 0;
	rec->runtime = signal->sum_sched_runtime;
	ADD_ACCOUNTS(true, rec, signal);
	if (alone) {
		rec->runtime += task->se.sum_exec_runtime;
		ADD_ACCOUNTS(true, rec, task);
	} else {
		add_threads((__u64)BPF_CORE_READ(task, signal));
	}
	rec->runtime += possible_slice(task, rec->head.time);
	add_image_rss(rec, task);
}

/* Whether the process ends since an exec of it failed past the point of no return. From 6.16 on its
 * memory is still there, and confirms it. */
static __always_inline bool ends_in_exec(struct task_struct *task)
{
	if (!want_prepared || !take_prepared(task->tgid))
		return false;
	return !task->mm || is_image_unfinished(true, task);
}

SEC("tp_btf/sched_process_exit")
int on_exit(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct signal_struct *signal = task->signal;
	bool alone = signal->thread_head.next == signal->thread_head.prev; /* a list of one */
	struct rec_exit *rec = the_exit();
	bool by_exec;

	if (!rec || !ends_process(ctx, task, alone))
		return 0;
	by_exec = ends_in_exec(task);
	COUNT(kind[KIND_EXIT].seen);
	if (!passes_filters(true, task, &rec->place)) {
		COUNT(kind[KIND_EXIT].filtered);
		return 0;
	}
	rec->head.time = bpf_ktime_get_boot_ns();
	add_costs(rec, task, alone);
	if (by_exec)
		rec->flags |= EXIT_BY_EXEC;
	describe_exit(rec, task);
	if (send(&rec->head, sizeof(*rec)))
		COUNT(kind[KIND_EXIT].ring_full);
	return 0;
}

/* When the parent has reaped the process, its accounts are final. Fires some milliseconds later,
 * for each of its threads; the leader is the last. */
SEC("tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct *task)
{
	struct rec_freed *rec;
	__u64 now;

	if (task->pid != task->tgid)
		return 0;
	COUNT(kind[KIND_FREED].seen);
	rec = bpf_ringbuf_reserve(&ring, sizeof(*rec), 0);
	if (!rec) {
		COUNT(kind[KIND_FREED].ring_full);
		return 0;
	}
	now = bpf_ktime_get_boot_ns();
	rec->head.time = now;
	rec->head.start = task->start_boottime;
	rec->head.type = RECORD_FREED;
	rec->head.pid = task->tgid;
	rec->runtime = task->signal->sum_sched_runtime;
	rec->utime = task->signal->utime;
	rec->stime = task->signal->stime;
	bpf_ringbuf_submit(rec, wake_flag(now));
	return 0;
}
