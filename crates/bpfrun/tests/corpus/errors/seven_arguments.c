// error: kprobe__f() has more than six arguments
int kprobe__f(struct pt_regs *ctx, int a, int b, int c, int d, int e, int f, int g) { return 0; }
