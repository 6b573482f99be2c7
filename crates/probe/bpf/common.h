/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs share: configuration, maps, counting, sending, numbers of processes. */
#pragma once

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "abi.h"

/* A global function: the verifier checks it once, by itself, for any scalar arguments (5.6+). A
 * loop in one program's body would be multiplied by every other loop there. */
#define SUBPROG __attribute__((noinline))

/* A number as it stands in memory: the verifier then knows nothing of it, so that every turn of a
 * loop looks alike to it. (With a running offset in a register, each turn is another state, and a
 * million instructions are soon reached.) */
#define READ_U32(x) (*(volatile __u32 *)&(x))

/* Set by the loader before the programs are loaded; the verifier then drops what is switched off.
 */
const volatile bool use_ring = true;	     /* else `ring` is made a perf event array: classic */
const volatile __u32 wake_at = 4 << 20;	     /* wake the reader when this many bytes wait */
const volatile __u32 congested_at = 8 << 20; /* beyond this, only whole records, no continuations */
const volatile __u32 tracer_pid = 0;	     /* our own, as we see it */
const volatile __u32 tracer_pid_ns = 0;	     /* our pid namespace, 0 when it is the initial one */
const volatile bool filter_uid = false;
const volatile __u32 wanted_uid = 0;
const volatile bool filter_ppid = false;
const volatile __u32 wanted_ppid = 0;
const volatile bool filter_cgroup = false;     /* wanted_cgroup holds a v2 cgroup */
const volatile bool filter_cgroup_map = false; /* wanted_cgroups is somebody's pinned map */
const volatile bool filter_mntns_map = false;  /* wanted_mntns is somebody's pinned map */

struct counters counters;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} wanted_cgroup SEC(".maps");

struct number_set {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
};

/* Holds the map that --cgroupmap names. A map within a map, since the user's map takes no other's
 * place: it has a name and a size of its own. The loader makes it the pattern, too. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct number_set);
} wanted_cgroups SEC(".maps");

/* The same for --mntnsmap. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct number_set);
} wanted_mntns SEC(".maps");

static __always_inline bool in_user_map(void *maps, __u64 key)
{
	__u32 zero = 0;
	void *map = bpf_map_lookup_elem(maps, &zero);

	return map && bpf_map_lookup_elem(map, &key);
}

/* Where a record too large for the BPF stack is put together. One for execs, one for failed execs
 * (of whose programs none runs inside another): were tracepoints ever preemptible, the two could
 * not write over each other. */
#define SCRATCH_SIZE 32768
enum scratch_slot { SCRATCH_EXEC, SCRATCH_FAILED, SCRATCH_SLOTS };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, char[SCRATCH_SIZE]);
} scratch SEC(".maps");

static __always_inline void *scratch_for(__u32 slot)
{
	return bpf_map_lookup_elem(&scratch, &slot);
}

/* Follows pointers: FETCH(typed, p, a, b) is p->a->b. `typed`, a constant, tells that the verifier
 * knows p for a pointer to its type, so that plain loads will do; else each step calls a helper. */
#define FETCH(typed, ...) ((typed) ? ___arrow(__VA_ARGS__) : BPF_CORE_READ(__VA_ARGS__))

/* A pointer with a type tag (kernel.h, __rcu), read by a helper. The verifier then does not know
 * what it points to: to be followed with BPF_CORE_READ. */
#define READ_TAGGED(p, member)                                                                     \
	({                                                                                         \
		void *tagged = NULL;                                                               \
		bpf_core_read(&tagged, sizeof(tagged), &(p)->member);                              \
		tagged;                                                                            \
	})

#define COUNT(field) __sync_fetch_and_add(&counters.field, 1)

/* Not 0 when the reader, for whom nothing came for a while, sleeps until it is called. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} reader_asleep SEC(".maps");

static __always_inline bool take_wakeup_request(void)
{
	__u32 zero = 0, *asleep = bpf_map_lookup_elem(&reader_asleep, &zero);

	if (!asleep || !*asleep)
		return false;
	*asleep = 0;
	return true;
}

/* Waking the reader costs the traced process some 20 us, more than anything else here. So programs
 * do not wake it while it polls by a timer. They wake it when a good part of the ring is full, once
 * a millisecond at most, and at the first event after a silence. */
#define WAKE_INTERVAL_NS 1000000

SUBPROG int wake_flag(__u64 now)
{
	__u64 waiting;

	if (!use_ring) /* nobody asks, but kernels before 6.8 look at this all the same */
		return 0;
	waiting = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	if (waiting > counters.ring_high)
		counters.ring_high = waiting;
	if (take_wakeup_request())
		return BPF_RB_FORCE_WAKEUP;
	/* Another CPU may have woken it after our record's time. */
	if (waiting < wake_at || (__s64)(now - counters.woken) < WAKE_INTERVAL_NS)
		return BPF_RB_NO_WAKEUP;
	counters.woken = now;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline bool ring_congested(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > congested_at;
}

static __always_inline long send(struct rec_header *head, __u64 size)
{
	return bpf_ringbuf_output(&ring, head, size, wake_flag(head->time));
}

/* Whether the current task's pointer has a type (5.11+). A constant, once it is loaded. */
#define CURRENT_TYPED                                                                              \
	bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf___known)

/* To be followed with FETCH(CURRENT_TYPED, …). */
static __always_inline struct task_struct *current_task(void)
{
	if (CURRENT_TYPED)
		return bpf_get_current_task_btf();
	return (void *)bpf_get_current_task();
}

/* How often this task, and those that it descends from, have called exec; and one more, so that it
 * is not 0. */
static __always_inline __u32 exec_number(bool typed, struct task_struct *task)
{
	return FETCH(typed, task, self_exec_id) + 1;
}

/* A task's process number in its pid namespace, and that namespace's inode number. */
static __always_inline __u32 ns_pid(bool typed, struct pid *pid, __u32 *inum)
{
	__u32 level = FETCH(typed, pid, level);
	struct upid *own;

	if (typed && !level) { /* outside of containers, and the only one at a constant offset */
		*inum = pid->numbers[0].ns->ns.inum;
		return pid->numbers[0].nr;
	}
	if (level > 32) /* MAX_PID_NS_LEVEL */
		return 0;
	own = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
	      level * bpf_core_type_size(struct upid);
	*inum = BPF_CORE_READ(own, ns, ns.inum);
	return BPF_CORE_READ(own, nr);
}

#ifndef WITHOUT_BTF /* an object that follows typed pointers does not load without BTF */
/* The number by which the tracer knows a process: in a container it is not the kernel's own. */
SUBPROG int number_seen_by_tracer(__u64 pid_address)
{
	struct pid *pid = (void *)pid_address;

	for (__u32 level = 0; level <= 32; level++) {
		struct upid *at;

		if (level > BPF_CORE_READ(pid, level))
			break;
		at = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
		     level * bpf_core_type_size(struct upid);
		if (BPF_CORE_READ(at, ns, ns.inum) == tracer_pid_ns)
			return BPF_CORE_READ(at, nr);
	}
	return 0;
}

#else
int number_seen_by_tracer(__u64 pid_address); /* only named */
#endif

static __always_inline __u32 pid_for_tracer(bool typed, struct task_struct *task)
{
	if (!tracer_pid_ns)
		return FETCH(typed, task, tgid);
	return number_seen_by_tracer((__u64)BPF_CORE_READ(task, group_leader, thread_pid));
}

/* The kernel's word for "nobody logged in", and ours for numbers of users that are not known. */
#define UNSET (~0u)
