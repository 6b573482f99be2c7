// expect: ((struct leaf *)bpf_map_lookup_elem(&leaves, &pid))
// expect: bpf_map_update_elem(&leaves, &pid, &zero, BPF_ANY)
// expect: bpf_map_update_elem(&leaves, &pid, &zero, BPF_NOEXIST)
// expect: bpf_map_delete_elem(&leaves, &pid)
// expect: if (!__bpfrun_leaf) return 0;
// expect: __sync_fetch_and_add(__bpfrun_leaf, __bpfrun_by)
// expect: bpf_get_stackid(args, &traces, 0)
// expect: bpf_current_task_under_cgroup(&groups, 0)
// expect: bpf_map_push_elem(&q, &pid, BPF_EXIST)
// expect: u64 __bpfrun_by = 5;
struct leaf {
    u64 count;
};
BPF_HASH(leaves, u32, struct leaf);
BPF_HASH(counts, u32);
BPF_ARRAY(slots, u64, 10);
BPF_PERCPU_ARRAY(scratch, struct leaf, 1);
BPF_STACK_TRACE(traces, 1024);
BPF_CGROUP_ARRAY(groups, 1);
BPF_QUEUE(q, u32, 16);
TRACEPOINT_PROBE(sched, sched_process_exec)
{
    u32 pid = bpf_get_current_pid_tgid() >> 32, got;
    int first = 0;
    struct leaf zero = {}, *leaf = leaves.lookup(&pid);
    if (leaf)
        leaf->count++;
    leaves.insert(&pid, &zero);
    leaves.update(&pid, &zero);
    leaf = leaves.lookup_or_try_init(&pid, &zero);
    if (leaf)
        leaf->count += 2;
    leaf = leaves.lookup_or_init(&pid, &zero);
    leaf->count++;
    leaves.delete(&pid);
    leaf = scratch.lookup(&first);
    if (leaf)
        leaf->count++;
    counts.increment(pid);
    counts.increment(pid, 5);
    counts.atomic_increment(pid);
    counts.atomic_increment(pid, 2);
    slots.increment(3);
    slots.atomic_increment(4, 7);
    int id = traces.get_stackid(args, 0);
    if (id < 0 || groups.check_current_task(0) != 1)
        return 0;
    q.push(&pid, BPF_EXIST);
    if (q.pop(&got) == 0)
        q.peek(&got);
    return 0;
}
