/* Every program that is started: who, by whom, with which name, and what execve returned. */
#include <linux/sched.h>

struct event {
	u32 pid;
	u32 ppid;
	int ret;
	char comm[16];
	char filename[128];
};

BPF_HASH(started, u64, struct event);
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_execve)
{
	u64 id = bpf_get_current_pid_tgid();
	struct event event = {};
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	event.pid = id >> 32;
	event.ppid = task->real_parent->tgid;
	bpf_probe_read_user_str(event.filename, sizeof(event.filename), args->filename);
	started.update(&id, &event);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_execve)
{
	u64 id = bpf_get_current_pid_tgid();
	struct event *event = started.lookup(&id);

	if (!event)
		return 0;
	event->ret = args->ret;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	events.perf_submit(args, event, sizeof(*event));
	started.delete(&id);
	return 0;
}
