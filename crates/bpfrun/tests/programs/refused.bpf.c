// SPDX-License-Identifier: GPL-2.0 OR MIT OR Apache-2.0
/* A mistake that the verifier finds, beside a function without one. */
#include "bpf.h"

struct {
	__uint(type, HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} items SEC(".maps");

SEC("tp/syscalls/sys_enter_getpgid")
int without_check(struct getpgid *call)
{
	u32 key = 0;
	u64 *item = lookup(&items, &key);

	return *item; /* may be NULL */
}

SEC("tp/syscalls/sys_exit_getpgid")
int with_check(void *ctx)
{
	u32 key = 0;
	u64 *item = lookup(&items, &key);

	return item ? *item : 0;
}
