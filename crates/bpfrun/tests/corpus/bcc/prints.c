// expect: static const char _fmt[] = "one %d\n"; bpf_trace_printk(_fmt, sizeof(_fmt), 1)
// expect: bpf_trace_printk(text, sizeof(text), 2)
// expect: bpf_trace_printk(_fmt, sizeof(_fmt));
// expect: "caf\303\251\n"
// expect: const char _fmt[] = "size %d\n"; bpf_trace_printk(_fmt, sizeof(_fmt), sizeof(u32))
// expect: const char _fmt[] = "two sizes %d %d\n"; bpf_trace_printk(_fmt, sizeof(_fmt), sizeof(text), 1)
// expect: bpf_trace_printk("four\n", sizeof("four\n"))
TRACEPOINT_PROBE(sched, sched_process_exec)
{
    char text[] = "two %d\n";
    bpf_trace_printk("one %d\n", 1);
    bpf_trace_printk(text, sizeof(text), 2);
    bpf_trace_printk("three\n");
    bpf_trace_printk("café\n");
    bpf_trace_printk("size %d\n", sizeof(u32));
    bpf_trace_printk("two sizes %d %d\n", sizeof(text), 1);
    bpf_trace_printk("four\n", sizeof("four\n"));
    return 0;
}
