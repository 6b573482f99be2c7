/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Execs past the point of no return: the old program is given up, and if the new one cannot begin
 * (a damaged file, a memory limit) the kernel ends the process. That is an exec that failed, but
 * the caller's memory is gone, and with it the name and the arguments. They are in the memory of
 * the new image, if one knows how many they are.
 */
#pragma once
#include "common.h"

const volatile bool want_prepared = false; /* exits are traced */

#define PREPARED_SCRIPT (1u << 31) /* an interpreter was put before the file that was named */

#define PREPARED_SLOTS 4096 /* more execs than are between the two points at one moment */

/* Each word has the process's number in its upper half, so that half an entry of another one is
 * not mistaken for it. */
struct prepared_exec {
	__u64 args; /* lower half: how many arguments, with PREPARED_SCRIPT */
	__u64 name; /* lower half: bytes from the first of them to the file name; 0: not known */
};

/* By the lower bits of the process's number: an exec writes here without a search or a lock. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PREPARED_SLOTS);
	__type(key, __u32);
	__type(value, struct prepared_exec);
} prepared_execs SEC(".maps");

/* Whether a task's memory is that of an image that has not begun: the end of the environment is the
 * last thing that an exec notes there (fs/binfmt_elf.c, create_elf_tables). */
static __always_inline bool is_image_unfinished(bool typed, struct task_struct *task)
{
	struct mm_struct *mm = FETCH(typed, task, mm);

	return mm && !FETCH(typed, mm, env_end);
}

static __always_inline struct prepared_exec *prepared_slot(__u32 pid)
{
	__u32 slot = pid % PREPARED_SLOTS;

	return bpf_map_lookup_elem(&prepared_execs, &slot);
}

static __always_inline void remember_prepared(__u32 pid, __u32 args, __u32 name)
{
	struct prepared_exec *slot = prepared_slot(pid);

	if (!slot)
		return; /* cannot be: the map has this slot */
	*(volatile __u64 *)&slot->args = (__u64)pid << 32 | args;
	*(volatile __u64 *)&slot->name = (__u64)pid << 32 | name;
}

/* Whether this process has prepared an exec that has not succeeded. */
static __always_inline bool has_prepared(__u32 pid)
{
	struct prepared_exec *slot = prepared_slot(pid);

	return slot && slot->args >> 32 == pid && slot->name >> 32 == pid;
}

/* The same, and forgets it: the exec has succeeded, or the process has ended. */
static __always_inline bool take_prepared(__u32 pid)
{
	struct prepared_exec *slot = prepared_slot(pid);

	if (!slot || slot->args >> 32 != pid || slot->name >> 32 != pid)
		return false;
	slot->args = slot->name = 0;
	return true;
}
