// error: kprobe__helper() is a program of its own and cannot be called; declare it static
int kprobe__helper(struct pt_regs *ctx) { return 0; }
int kprobe__other(struct pt_regs *ctx) { return kprobe__helper(ctx); }
