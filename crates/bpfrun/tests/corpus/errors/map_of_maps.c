// error: there is no translation for maps of type 'hash_of_maps'
BPF_HASH_OF_MAPS(outer, u32, "inner", 10);
int kprobe__f(struct pt_regs *ctx) { return 0; }
