// attach: wun=kprobe/do_unlinkat
// error: there is no function wun to attach; the program has one
int one(struct pt_regs *ctx) { return 0; }
