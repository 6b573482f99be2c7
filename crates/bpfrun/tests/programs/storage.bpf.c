/* What is kept with a cgroup and with a socket, whose tracepoints hand them out. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u32);
} callers SEC(".maps");

struct event {
	u32 socket; /* else a cgroup */
	u32 pid;
	u64 times;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} events SEC(".maps");

static void send(u32 socket, u32 pid, u64 times)
{
	struct event event = {.socket = socket, .pid = pid, .times = times};

	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
}

static u32 caller(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old, struct linux_binprm *bprm)
{
	u64 *times = bpf_cgrp_storage_get(
		&calls, task->cgroups->dfl_cgrp, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (times)
		send(0, caller(), __sync_fetch_and_add(times, 1) + 1);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int old, int new)
{
	u32 *who;

	if (new == TCP_SYN_SENT) {
		who = bpf_sk_storage_get(&callers, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (who)
			*who = caller();
	} else if (old == TCP_SYN_SENT) {
		who = bpf_sk_storage_get(&callers, sk, 0, 0);
		if (who)
			send(1, *who, 0);
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
