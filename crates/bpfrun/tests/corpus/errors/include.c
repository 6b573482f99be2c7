// error: errors/include.c:2:10: error: 'not_there.h' file not found
#include "not_there.h"
TRACEPOINT_PROBE(sched, sched_process_exec) { return 0; }
