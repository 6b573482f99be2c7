// expect: u32 __bpfrun_key = _key; u64 __bpfrun_by = _by;
// expect: u32 *__bpfrun_key = &_leaf;
// expect: &_val->tgid
// The names that the translation needs are not the program's.
BPF_HASH(counts, u32, u64);
BPF_HASH(pids, u32, u32);
TRACEPOINT_PROBE(sched, sched_process_exit)
{
    struct task_struct *_val = (struct task_struct *)bpf_get_current_task();
    u32 _key = _val->tgid, _leaf = 2, *__ctx;
    u64 _by = 3, _first = 4, _fmt = 5;
    counts.increment(_key, _by);
    counts.atomic_increment(_leaf, _first);
    __ctx = pids.lookup_or_try_init(&_leaf, &_key);
    bpf_trace_printk("%d %d\n", _fmt, __ctx ? *__ctx : 0);
    return 0;
}
