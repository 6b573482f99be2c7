// error: the program array calls is empty: calls through it would do nothing
BPF_PROG_ARRAY(calls, 10);
TRACEPOINT_PROBE(sched, sched_process_exec) { calls.call(args, 1); return 0; }
