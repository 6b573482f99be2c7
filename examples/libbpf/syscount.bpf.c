// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How many system calls each program makes. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct key {
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, __u64);
} calls SEC(".maps");

SEC("raw_tp/sys_enter")
int sys_enter(void *ctx)
{
	struct key key = {};
	__u64 one = 1, *count;

	bpf_get_current_comm(key.comm, sizeof(key.comm));
	count = bpf_map_lookup_elem(&calls, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&calls, &key, &one, BPF_NOEXIST);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
