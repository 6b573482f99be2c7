// attach: second=tail/calls:1
// error: second() is to be called by other programs, and its context does not tell of which kind
BPF_PROG_ARRAY(calls, 10);
TRACEPOINT_PROBE(sched, sched_process_exec) { calls.call(args, 1); return 0; }
int second(void *ctx) { return 0; }
