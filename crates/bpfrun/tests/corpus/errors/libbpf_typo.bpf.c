// error: errors/libbpf_typo.bpf.c:7:
// error: undeclared
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
SEC("tp/sched/sched_process_exec")
int on_exec(void *ctx) {
    bpf_printk("%d", not_declared);
    return 0;
}
