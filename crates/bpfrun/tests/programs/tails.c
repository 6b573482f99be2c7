/* A program that ends in another: what follows the call is never reached. */
BPF_PROG_ARRAY(calls, 8);
BPF_HASH(counts, u32);

static int count(u32 place)
{
	counts.increment(place);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_getpgid)
{
	if (!(args->pid & 0x40000000))
		return 0;
	count(1);
	calls.call(args, 7); /* nobody is there */
	calls.call(args, 3);
	return count(3);
}

int second(struct tracepoint__syscalls__sys_enter_getpgid *args)
{
	return count(2);
}
