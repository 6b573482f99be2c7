// SPDX-License-Identifier: GPL-2.0 OR MIT OR Apache-2.0
/* Maps of all kinds. */
#include "bpf.h"

struct key {
	u32 number;
	char comm[16];
};

struct bucket {
	u32 number;
	u32 slot;
};

struct hist {
	u32 slots[27];
};

#define MAP(map_type, key_type, value_type, entries)                                               \
	struct {                                                                                   \
		__uint(type, map_type);                                                            \
		__uint(max_entries, entries);                                                      \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
	}

MAP(HASH, struct key, u64, 1024) by_key SEC(".maps");
MAP(LRU_HASH, u32, u64, 1024) recent SEC(".maps");
MAP(PERCPU_HASH, u32, u64, 64) each_cpu SEC(".maps");
MAP(PERCPU_ARRAY, u32, u64, 2) totals SEC(".maps");
MAP(ARRAY, u32, u64, 65) sizes SEC(".maps");
MAP(HASH, struct bucket, u64, 1024) sizes_by_number SEC(".maps");
MAP(ARRAY, u32, struct hist, 1) hists SEC(".maps");

struct {
	__uint(type, STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} stacks SEC(".maps");

char __bpfrun_histogram_sizes SEC(".bpfrun.maps");
char __bpfrun_histogram_sizes_by_number SEC(".bpfrun.maps");

static void count(void *map, void *key)
{
	u64 one = 1, *known = lookup(map, key);

	if (known)
		__sync_fetch_and_add(known, 1);
	else
		update(map, key, &one, 0);
}

SEC("tp/syscalls/sys_enter_getpgid")
int on_getpgid(struct getpgid *call)
{
	u32 pid = call->pid, number = NUMBER(pid), zero = 0, three = 3;
	struct key key = {.number = number};
	struct bucket bucket = {number, 4};
	struct hist *hist = lookup(&hists, &zero);

	if (!IS_OURS(pid))
		return 0;
	comm_of(key.comm, sizeof(key.comm));
	count(&by_key, &key);
	count(&recent, &number);
	count(&each_cpu, &number);
	count(&totals, &zero);
	count(&sizes, &three);
	count(&sizes_by_number, &bucket);
	if (hist)
		__sync_fetch_and_add(&hist->slots[2], 1);
	get_stackid(call, &stacks, 0);
	return 0;
}
