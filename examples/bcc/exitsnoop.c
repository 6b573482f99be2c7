/* Every process that ends: how long it lived, and how it ended. */
#include <linux/sched.h>

struct event {
	u64 lifetime_ns;
	u32 pid;
	u32 ppid;
	int exit_code;
	int signal;
	char comm[16];
};

BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(sched, sched_process_exit)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct event event = {};

	if (task->pid != task->tgid) /* a thread */
		return 0;
	event.lifetime_ns = bpf_ktime_get_ns() - task->start_time;
	event.pid = task->tgid;
	event.ppid = task->real_parent->tgid;
	event.exit_code = task->exit_code >> 8 & 0xff;
	event.signal = task->exit_code & 0x7f;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
