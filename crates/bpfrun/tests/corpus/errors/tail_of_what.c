// attach: second=tail/calls:1
// error: cannot infer the program type of second() from its context argument
BPF_PROG_ARRAY(calls, 10);
TRACEPOINT_PROBE(sched, sched_process_exec) { calls.call(args, 1); return 0; }
int second(void *ctx) { return 0; }
