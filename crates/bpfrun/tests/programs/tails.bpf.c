/* The same as libbpf has it: the map says who is in it. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

int second(struct trace_event_raw_sys_enter *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__array(values, int(void *));
} calls SEC(".maps") = {.values = {[3] = (void *)&second}};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u64);
} counts SEC(".maps");

static int count(u32 place)
{
	u64 one = 1, *so_far = bpf_map_lookup_elem(&counts, &place);

	if (so_far)
		__sync_fetch_and_add(so_far, 1);
	else
		bpf_map_update_elem(&counts, &place, &one, BPF_NOEXIST);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getpgid")
int first(struct trace_event_raw_sys_enter *ctx)
{
	if (!(ctx->args[0] & 0x40000000))
		return 0;
	count(1);
	bpf_tail_call(ctx, &calls, 7); /* nobody is there */
	bpf_tail_call(ctx, &calls, 3);
	return count(3);
}

SEC("tracepoint")
int second(struct trace_event_raw_sys_enter *ctx)
{
	return count(2);
}

char LICENSE[] SEC("license") = "GPL";
