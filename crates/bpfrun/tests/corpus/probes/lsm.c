// load: no: trampolines are refused on some hardened kernels
// expect: SEC("lsm/file_open")
// expect: bpf_inode_storage_get(&inodes, file->f_inode, 0, BPF_LOCAL_STORAGE_GET_F_CREATE)
// How often a file was opened, kept with the file itself.
#include <linux/fs.h>
BPF_INODE_STORAGE(inodes, u64);
struct opened {
    u32 pid;
    u64 times;
};
BPF_PERF_OUTPUT(events);
LSM_PROBE(file_open, struct file *file)
{
    struct opened opened = {.pid = bpf_get_current_pid_tgid() >> 32};
    u64 *times = inodes.inode_storage_get(file->f_inode, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!times)
        return 0;
    opened.times = __sync_fetch_and_add(times, 1) + 1;
    events.perf_submit(ctx, &opened, sizeof(opened));
    return 0;
}
