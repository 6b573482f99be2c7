// error: errors/kernel_type.c:4:
// error: struct no_such_type_here
TRACEPOINT_PROBE(sched, sched_process_exec) {
    return sizeof(struct no_such_type_here);
}
