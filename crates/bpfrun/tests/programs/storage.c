/* What is kept with a task: how often each has called. */
#include <linux/sched.h>

BPF_TASK_STORAGE(calls, u64);
struct event {
	u32 pid;
	u64 times;
};
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_getpgid)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct event event = {.pid = bpf_get_current_pid_tgid() >> 32};
	u64 *times;

	if (!(args->pid & 0x40000000))
		return 0;
	if ((args->pid & 0xff) == 0xff) { /* the end of it */
		calls.task_storage_delete(task);
		return 0;
	}
	times = calls.task_storage_get(task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!times)
		return 0;
	event.times = ++*times;
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
