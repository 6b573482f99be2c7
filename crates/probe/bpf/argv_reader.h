/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The arguments of a failed exec, string by string from the caller's list. */
#pragma once
#include "common.h"

#define PIECE		4096 /* bytes of an argument read at a time */
#define PIECES_PER_CALL 128  /* pieces in one call of read_some_args */
#define MAX_CALLS	4096 /* calls of read_some_args: 524,288 pieces in all */
#define AT_FDCWD	(-100)

/* Where the walk over argv is. In a map, not in registers: see READ_U32. */
struct argv_cursor {
	__u64 slot;   /* address of the pointer to the current argument */
	__u64 string; /* address in it from which to go on; 0: at its beginning */
	__u32 fill;   /* bytes in the scratch buffer, not yet sent */
	__u32 sent;   /* bytes of entries sent in earlier records */
	__u32 compat; /* 1: a 32-bit caller's pointers */
	__u32 block;  /* 1: no list, but the strings of a new image, one after the other */
	__u32 left;   /* of them: how many are still to come */
	__u64 next;   /* and where the next one begins */
	__u32 begun;  /* 1: the first record is sent */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct argv_cursor);
} cursors SEC(".maps");

/* The first record stands at the beginning of its scratch buffer, with its data behind it. The
 * later ones use the same place for data, and stand right before it. */
#define FAILED_ROOM (SCRATCH_SIZE - sizeof(struct rec_failed))

static __always_inline struct argv_cursor *current_cursor(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&cursors, &zero);
}

/* Where the next string of a block begins; 0 at its end. */
static __always_inline __u64 next_in_block(struct argv_cursor *cursor)
{
	if (!READ_U32(cursor->left))
		return 0;
	READ_U32(cursor->left) -= 1;
	return *(volatile __u64 *)&cursor->next;
}

enum { ARGV_GOES_ON, ARGV_BUFFER_FULL, ARGV_COMPLETE, ARGV_STUCK };

/* The pointer to the next argument; 0 at the end of the list. */
static __always_inline long next_pointer(struct argv_cursor *cursor, __u64 *string)
{
	__u64 slot = cursor->slot;
	__u32 compat;
	long err;

	if (cursor->block) {
		*string = next_in_block(cursor);
		return 0;
	}
	if (!cursor->compat) {
		cursor->slot = slot + sizeof(*string);
		return bpf_probe_read_user(string, sizeof(*string), (void *)slot);
	}
	cursor->slot = slot + sizeof(compat);
	err = bpf_probe_read_user(&compat, sizeof(compat), (void *)slot);
	*string = compat;
	return err;
}

/* Adds up to PIECES_PER_CALL arguments, or pieces of long ones. */
SUBPROG int read_some_args(void)
{
	struct rec_failed *rec = scratch_for(SCRATCH_FAILED);
	struct argv_cursor *cursor = current_cursor();

	if (!rec || !cursor)
		return ARGV_STUCK;
	if (!cursor->slot && !cursor->block)
		/* no list at all counts as an empty one (fs/exec.c, count()) */
		return ARGV_COMPLETE;
	for (int i = 0; i < PIECES_PER_CALL; i++) {
		__u64 string = *(volatile __u64 *)&cursor->string;
		__u32 fill = READ_U32(cursor->fill);
		char *out = (char *)(rec + 1) + fill;
		long n;

		if (fill > FAILED_ROOM - PIECE - 1)
			return ARGV_BUFFER_FULL;
		if (!string) {
			if (next_pointer(cursor, &string))
				return ARGV_STUCK;
			if (!string)
				return ARGV_COMPLETE;
		}
		n = bpf_probe_read_user_str(out + 1, PIECE, (void *)string);
		if (n == 0) { /* before 6.14 an empty string has no length at all */
			out[1] = 0;
			n = 1;
		}
		*out = n == PIECE ? ARG_PIECE : n > 0 ? ARG_WHOLE : ARG_UNREAD;
		READ_U32(cursor->fill) = fill + 1 + (n > 0 ? n : 0);
		cursor->string = n == PIECE ? string + PIECE - 1 : 0;
		cursor->next = string + n;
		if (n < 0 && cursor->block) /* where it ends, and the next begins, is not known */
			return ARGV_STUCK;
	}
	return ARGV_GOES_ON;
}

/* A system call that failed, as its caller passed it. */
struct call {
	__u64 name, argv;
	__s32 dirfd, ret;
	bool compat;
};

/* As tracefs describes it: .../events/syscalls/sys_exit_execve/format */
struct sys_exit_args {
	__u64 common;
	__s64 number;
	__s64 ret;
};
