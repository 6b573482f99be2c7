// error: no tracepoint sched:sched_proces_exec; did you mean sched:sched_process_exec
TRACEPOINT_PROBE(sched, sched_proces_exec)
{
    return 0;
}
