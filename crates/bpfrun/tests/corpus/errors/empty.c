// error: no function here can be attached
BPF_HASH(counts);
