// expect: static const char __bpfrun_fmt[] = "one %d\n"; bpf_trace_printk(__bpfrun_fmt, sizeof(__bpfrun_fmt), 1)
// expect: bpf_trace_printk(text, sizeof(text), 2)
// expect: bpf_trace_printk(__bpfrun_fmt, sizeof(__bpfrun_fmt));
// expect: "caf\303\251\n"
// expect: const char __bpfrun_fmt[] = "size %d\n"; bpf_trace_printk(__bpfrun_fmt, sizeof(__bpfrun_fmt), sizeof(u32))
// expect: const char __bpfrun_fmt[] = "two sizes %d %d\n"; bpf_trace_printk(__bpfrun_fmt, sizeof(__bpfrun_fmt), sizeof(text), 1)
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
