// error: nothing says where to attach one, two; name a target, as in --attach
int one(struct pt_regs *ctx) { return 0; }
int two(struct pt_regs *ctx) { return 0; }
