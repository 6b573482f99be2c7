// error: nothing is in the program array calls, so that its calls would do nothing; say what is, as in --attach FUNC=tail:calls:2
BPF_PROG_ARRAY(calls, 10);
TRACEPOINT_PROBE(sched, sched_process_exec) { calls.call(args, 1); return 0; }
