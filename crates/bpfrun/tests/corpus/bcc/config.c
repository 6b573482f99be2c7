// expect-not: CONFIG_
BPF_ARRAY(values, u64, 2);
TRACEPOINT_PROBE(sched, sched_process_exec)
{
#ifdef CONFIG_SMP
    values.increment(0);
#else
#error this kernel has CONFIG_SMP
#endif
    values.increment(1, CONFIG_HZ);
    return 0;
}
