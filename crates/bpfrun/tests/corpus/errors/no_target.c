// error: no attach point for one, two: its name says none
int one(struct pt_regs *ctx) { return 0; }
int two(struct pt_regs *ctx) { return 0; }
