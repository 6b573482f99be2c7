// error: cannot include /dev/zero: only regular files
#include "/dev/zero"
TRACEPOINT_PROBE(sched, sched_process_exec) { return 0; }
