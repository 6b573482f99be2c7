/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Several programs on one tracepoint, for kernels whose tracepoints can be preempted.
 *
 * Linux 7.0 no longer disables preemption around a tracepoint. A program can then be switched out
 * while it runs, and the kernel skips it for the other processes on that CPU (`active` in struct
 * bpf_prog). So there are copies of each program behind the first, and one takes what those before
 * it missed. Each has its own `active` and its own buffers.
 *
 * On other kernels only the first is loaded, and the verifier drops all of this.
 */
#pragma once
#include "common.h"

const volatile bool preemptible = false;       /* the copies are attached as well */
const volatile bool preemptible_calls = false; /* so are those for execve and execveat */

#define BIT(n)		(1u << (n))
#define THREAD_SLOTS	32768
#define FORGOTTEN_AFTER 4096 /* jiffies: some seconds */

/* The event that a program has taken, until the last copy has seen that. */
struct taken {
	__u64 event; /* upper half: of which thread; lower half: which */
	__u32 time;  /* jiffies */
	__u32 seen;  /* by which copies: one that finds its own bit has an older event before it */
};

/* By the lower bits of the thread's number. A thread has one event at a time. A slot stays in use
 * where the last copy was left out, until the thread's next event or until it is forgotten. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, THREAD_SLOTS);
	__type(key, __u32);
	__type(value, struct taken);
} taken SEC(".maps");

/* Tells one exec of a thread from the next, and a thread from a later one with its number. */
static __always_inline __u64 identity_of(bool typed, struct task_struct *task)
{
	return FETCH(typed, task, start_boottime) + FETCH(typed, task, self_exec_id);
}

/* Where note_run() counts, as most runs are for no event. */
static __always_inline bool counts_runs(enum hits of)
{
	return of == HITS_FAILED || of == HITS_EXECVEAT || of == HITS_PREPARED;
}

/* Whether the slot is another thread's, who may be between the first program and the last. */
static __always_inline bool is_foreign(struct taken *slot, __u32 tid, __u64 now)
{
	return slot->event && slot->event >> 32 != tid && (__u32)now - slot->time < FORGOTTEN_AFTER;
}

/* Whether this copy has to act: no program before it has. The one that acts says so in the slot. If
 * the slot is another thread's, the event is left to the last copy. */
static __always_inline bool takes(__u32 turn, enum hits of, __u32 tid, __u64 identity)
{
	__u64 event = (__u64)tid << 32 | (__u32)(identity * HITS_COUNT + of), now;
	__u32 key = tid % THREAD_SLOTS;
	struct taken *slot;

	if (!preemptible)
		return true;
	slot = bpf_map_lookup_elem(&taken, &key);
	if (!slot)
		return false; /* cannot be: the map has this slot */
	if (turn && slot->event == event && !(slot->seen & BIT(turn))) {
		slot->seen |= BIT(turn);
		if (turn == LAST_TURN)
			slot->event = 0;
		return false;
	}
	if (turn != LAST_TURN) {
		now = bpf_jiffies64();
		if (is_foreign(slot, tid, now)) {
			if (!turn && !counts_runs(of))
				COUNT(turns[of].passed_on);
			return false;
		}
		slot->time = now;
		slot->seen = BIT(turn);
		slot->event = event;
	}
	if (turn && !counts_runs(of))
		COUNT(turns[of].caught);
	return true;
}

#define RUN_SLOTS   65536
#define THREAD_MASK 0xffffff /* no thread has a higher number: PID_MAX_LIMIT is 1 << 22 */

/* Threads that a program has run for, and from bit 24 on which copies have, until the last copy has
 * run for them, too. By the lower bits of their numbers. Only to count: of two threads of one slot,
 * one may be taken for one that was missed. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RUN_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} runs SEC(".maps");

/* For tracepoints where takes() is not called each time: at the exit of system calls almost nothing
 * is an event, and an entry of `taken` for each would cost all of them. */
static __always_inline void note_run(__u32 turn, enum hits of)
{
	__u32 tid = bpf_get_current_pid_tgid(), slot = tid % RUN_SLOTS, *seen;

	if (!preemptible)
		return;
	seen = bpf_map_lookup_elem(&runs, &slot);
	if (!seen)
		return; /* cannot be: the map has this slot */
	if (turn && ((*seen & THREAD_MASK) != tid || *seen & BIT(24 + turn))) {
		COUNT(turns[of].caught);
		*seen = tid;
	}
	if (!turn)
		*seen = tid;
	*seen = turn == LAST_TURN ? 0 : *seen | BIT(24 + turn);
}

/* Programs on a tracepoint: NAME, NAME_2 and so on, which call NAME_in_turn(turn, context). */
#define IN_TURNS(section, name, context)                                                           \
	SEC(section) int name(context *ctx)                                                        \
	{                                                                                          \
		return name##_in_turn(0, ctx);                                                     \
	}                                                                                          \
	SEC(section) int name##_2(context *ctx)                                                    \
	{                                                                                          \
		return name##_in_turn(1, ctx);                                                     \
	}                                                                                          \
	SEC(section) int name##_3(context *ctx)                                                    \
	{                                                                                          \
		return name##_in_turn(2, ctx);                                                     \
	}                                                                                          \
	SEC(section) int name##_4(context *ctx)                                                    \
	{                                                                                          \
		return name##_in_turn(LAST_TURN, ctx);                                             \
	}

/* Only one copy, where a miss is next to impossible, or the event is rare. */
#define IN_TWO_TURNS(section, name, context)                                                       \
	SEC(section) int name(context *ctx)                                                        \
	{                                                                                          \
		return name##_in_turn(0, ctx);                                                     \
	}                                                                                          \
	SEC(section) int name##_2(context *ctx)                                                    \
	{                                                                                          \
		return name##_in_turn(LAST_TURN, ctx);                                             \
	}
