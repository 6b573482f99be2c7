// attach: second=tail/calls:1
// error: second is to be called through calls, which is no program array; declare it with BPF_PROG_ARRAY(calls, 10)
BPF_HASH(calls);
TRACEPOINT_PROBE(sched, sched_process_exec) { return 0; }
int second(struct pt_regs *ctx) { return 0; }
