/* How many system calls each program makes. */

struct key {
	char comm[16];
};

BPF_HASH(calls, struct key, u64);

RAW_TRACEPOINT_PROBE(sys_enter)
{
	struct key key = {};

	bpf_get_current_comm(key.comm, sizeof(key.comm));
	calls.atomic_increment(key);
	return 0;
}
