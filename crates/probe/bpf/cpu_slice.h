/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The CPU time that a task has used since the scheduler last looked.
 *
 * sum_exec_runtime grows at ticks and switches only; a process of 3 ms may end before the first.
 * What is missing is now - se.exec_start, but exec_start is on the scheduler's clock, which differs
 * from any that BPF can read, by an amount of its own for each CPU. The smallest gap seen on a CPU
 * in the last one to two seconds is that amount; what exceeds it is the running slice.
 */
#pragma once
#include "common.h"

#define SLICE_WINDOW_NS 1000000000ull

const volatile bool want_slices = false; /* exits are traced */

struct clock_gap {
	__u64 since;	       /* when the current window began */
	__u64 smallest;	       /* gap in it */
	__u64 smallest_before; /* gap in the window before it */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct clock_gap);
} clock_gaps SEC(".maps");

static __always_inline __u64 smaller(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/* The current task's running slice in ns. To be called wherever a task is known to run, so that
 * small gaps are seen often. */
static __always_inline __u64 unaccounted_runtime(__u64 exec_start)
{
	__u64 now = bpf_ktime_get_ns(), gap = now - exec_start;
	struct clock_gap *of;
	__u32 zero = 0;

	of = bpf_map_lookup_elem(&clock_gaps, &zero);
	if (!of)
		return 0;
	if (now - of->since > SLICE_WINDOW_NS) {
		of->smallest_before = of->since ? of->smallest : ~0ull;
		of->smallest = ~0ull;
		of->since = now;
	}
	of->smallest = smaller(of->smallest, gap);
	return gap - smaller(of->smallest, of->smallest_before);
}
