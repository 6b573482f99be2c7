/* How long tasks wait for a CPU, in microseconds: from being woken to running. */
#include <linux/sched.h>

BPF_HASH(woken, u32);
BPF_HISTOGRAM(wait_us);

static int wake(u32 pid)
{
	u64 now = bpf_ktime_get_ns();
	woken.update(&pid, &now);
	return 0;
}

TRACEPOINT_PROBE(sched, sched_wakeup)
{
	return wake(args->pid);
}

TRACEPOINT_PROBE(sched, sched_wakeup_new)
{
	return wake(args->pid);
}

TRACEPOINT_PROBE(sched, sched_switch)
{
	u32 pid = args->next_pid;
	u64 *since;

	if (args->prev_state == TASK_RUNNING) /* it was pushed off and waits again */
		wake(args->prev_pid);
	since = woken.lookup(&pid);
	if (!since)
		return 0;
	wait_us.increment(bpf_log2l((bpf_ktime_get_ns() - *since) / 1000));
	woken.delete(&pid);
	return 0;
}
