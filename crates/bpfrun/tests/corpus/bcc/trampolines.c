// load: no: trampolines are refused on some hardened kernels
// expect: SEC("fentry/do_unlinkat")
// expect: int kfunc__vmlinux__do_unlinkat(unsigned long long *ctx);
// expect: SEC("fexit/do_unlinkat")
// expect: SEC("fexit/ext4:ext4_sync_file")
// expect: SEC("fmod_ret/security_file_open")
// expect: SEC("lsm/file_open")
BPF_HASH(counts, u32);
KFUNC_PROBE(do_unlinkat, int dfd, struct filename *name)
{
    u32 first = name->name != 0;
    counts.increment(first);
    return 0;
}
KRETFUNC_PROBE(do_unlinkat, int dfd, struct filename *name, int ret)
{
    counts.increment(ret);
    return 0;
}
MODULE_KRETFUNC_PROBE(ext4, ext4_sync_file, struct file *file, loff_t start, loff_t end, int datasync, int ret)
{
    counts.increment(ret);
    return 0;
}
KMOD_RET(security_file_open, struct file *file, int ret)
{
    return 0;
}
LSM_PROBE(file_open, struct file *file)
{
    return 0;
}
