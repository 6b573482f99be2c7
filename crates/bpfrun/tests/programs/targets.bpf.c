// SPDX-License-Identifier: GPL-2.0 OR MIT OR Apache-2.0
/* Functions that do not say what they are for. */
#include "bpf.h"

struct {
	__uint(type, HASH);
	__uint(max_entries, 16);
	__type(key, u32);
	__type(value, u64);
} calls SEC(".maps");

static __attribute__((unused)) int count(u32 key)
{
	u64 one = 1, *known = lookup(&calls, &key);

	if (known)
		__sync_fetch_and_add(known, 1);
	else
		update(&calls, &key, &one, 0);
	return 0;
}

#ifdef KPROBE
SEC("kprobe")
int on_kernel(void *ctx)
{
	return count(0);
}
#endif

#ifdef UPROBE
SEC("uprobe")
int on_user(void *ctx)
{
	return count(1);
}
#endif

#ifdef CLOCK
SEC("perf_event")
int on_clock(void *ctx)
{
	return count(2);
}
#endif

#ifdef TRACEPOINT
SEC("tracepoint")
int on_tracepoint(struct getpgid *call)
{
	return IS_OURS((u32)call->pid) ? count(3) : 0;
}
#endif
