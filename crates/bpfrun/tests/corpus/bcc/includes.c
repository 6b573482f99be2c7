// expect: shared_value(
#include "../include/shared.h"
#include <linux/fs.h>
BPF_HASH(values, u32, struct shared);
TRACEPOINT_PROBE(sched, sched_process_exec)
{
    struct shared shared = {.a = SHARED_CONSTANT};
    u32 key = shared_value((struct task_struct *)bpf_get_current_task());
    values.update(&key, &shared);
    return 0;
}
