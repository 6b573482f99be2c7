/* BCC's macros, for the preprocessor alone: maps become one neutral call that is translated later.
 */
#define __VMLINUX_H__
#define __KERNEL__
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#define BPF_TABLE(...)		     __bpfrun_map(table, __VA_ARGS__)
#define BPF_TABLE_PUBLIC(...)	     __bpfrun_map(table, __VA_ARGS__)
#define BPF_F_TABLE(...)	     __bpfrun_map(f_table, __VA_ARGS__)
#define BPF_HASH(...)		     __bpfrun_map(hash, __VA_ARGS__)
#define BPF_LRU_HASH(...)	     __bpfrun_map(lru_hash, __VA_ARGS__)
#define BPF_PERCPU_HASH(...)	     __bpfrun_map(percpu_hash, __VA_ARGS__)
#define BPF_LRU_PERCPU_HASH(...)     __bpfrun_map(lru_percpu_hash, __VA_ARGS__)
#define BPF_ARRAY(...)		     __bpfrun_map(array, __VA_ARGS__)
#define BPF_PERCPU_ARRAY(...)	     __bpfrun_map(percpu_array, __VA_ARGS__)
#define BPF_HISTOGRAM(...)	     __bpfrun_map(histogram, __VA_ARGS__)
#define BPF_LPM_TRIE(...)	     __bpfrun_map(lpm_trie, __VA_ARGS__)
#define BPF_PERF_OUTPUT(...)	     __bpfrun_map(perf_output, __VA_ARGS__)
#define BPF_RINGBUF_OUTPUT(...)	     __bpfrun_map(ringbuf, __VA_ARGS__)
#define BPF_PERF_ARRAY(...)	     __bpfrun_map(perf_array, __VA_ARGS__)
#define BPF_CGROUP_ARRAY(...)	     __bpfrun_map(cgroup_array, __VA_ARGS__)
#define BPF_STACK_TRACE(...)	     __bpfrun_map(stacktrace, __VA_ARGS__)
#define BPF_STACK_TRACE_BUILDID(...) __bpfrun_map(stacktrace_buildid, __VA_ARGS__)
#define BPF_QUEUE(...)		     __bpfrun_map(queue, __VA_ARGS__)
#define BPF_STACK(...)		     __bpfrun_map(stack, __VA_ARGS__)
#define BPF_PROG_ARRAY(...)	     __bpfrun_map(prog, __VA_ARGS__)
#define BPF_DEVMAP(...)		     __bpfrun_map(devmap, __VA_ARGS__)
#define BPF_CPUMAP(...)		     __bpfrun_map(cpumap, __VA_ARGS__)
#define BPF_XSKMAP(...)		     __bpfrun_map(xskmap, __VA_ARGS__)
#define BPF_SOCKMAP(...)	     __bpfrun_map(sockmap, __VA_ARGS__)
#define BPF_SOCKHASH(...)	     __bpfrun_map(sockhash, __VA_ARGS__)
#define BPF_ARRAY_OF_MAPS(...)	     __bpfrun_map(array_of_maps, __VA_ARGS__)
#define BPF_HASH_OF_MAPS(...)	     __bpfrun_map(hash_of_maps, __VA_ARGS__)
#define BPF_SK_STORAGE(...)	     __bpfrun_map(sk_storage, __VA_ARGS__)
#define BPF_INODE_STORAGE(...)	     __bpfrun_map(inode_storage, __VA_ARGS__)
#define BPF_TASK_STORAGE(...)	     __bpfrun_map(task_storage, __VA_ARGS__)

#define TRACEPOINT_PROBE(category, event)                                                          \
	int tracepoint__##category##__##event(struct tracepoint__##category##__##event *args)
#define RAW_TRACEPOINT_PROBE(event)		   int raw_tracepoint__##event(struct bpf_raw_tracepoint_args *ctx)
#define KFUNC_PROBE(event, args...)		   int BPF_PROG(kfunc__vmlinux__##event, ##args)
#define KRETFUNC_PROBE(event, args...)		   int BPF_PROG(kretfunc__vmlinux__##event, ##args)
#define KMOD_RET(event, args...)		   int BPF_PROG(kmod_ret__vmlinux__##event, ##args)
#define MODULE_KFUNC_PROBE(module, event, args...) int BPF_PROG(kfunc__##module##__##event, ##args)
#define MODULE_KRETFUNC_PROBE(module, event, args...)                                              \
	int BPF_PROG(kretfunc__##module##__##event, ##args)
#define MODULE_KMOD_RET(module, event, args...) int BPF_PROG(kmod_ret__##module##__##event, ##args)
#define LSM_PROBE(event, args...)		int BPF_PROG(lsm__##event, ##args)
#define BPF_ITER(target)			int bpf_iter__##target(struct bpf_iter__##target *ctx)

#define __TP_DATA_LOC(field) (args->data_loc_##field)
#define TP_DATA_LOC_READ_CONST(dst, field, length)                                                 \
	do {                                                                                       \
		unsigned short __offset = __TP_DATA_LOC(field) & 0xFFFF;                           \
		bpf_probe_read((void *)(dst), length, (char *)args + __offset);                    \
	} while (0)
#define TP_DATA_LOC_READ(dst, field)                                                               \
	do {                                                                                       \
		unsigned short __offset = __TP_DATA_LOC(field) & 0xFFFF;                           \
		unsigned short __length = (unsigned int)__TP_DATA_LOC(field) >> 16;                \
		bpf_probe_read((void *)(dst), __length, (char *)args + __offset);                  \
	} while (0)
#define TP_DATA_LOC_READ_STR(dst, field, length)                                                   \
	do {                                                                                       \
		unsigned short __offset = __TP_DATA_LOC(field) & 0xFFFF;                           \
		bpf_probe_read_str((void *)(dst), length, (char *)args + __offset);                \
	} while (0)

#ifdef __TARGET_ARCH_x86
#define PT_REGS_FP(ctx)		 ((ctx)->bp)
#define PT_REGS_SYSCALL_CTX(ctx) ((struct pt_regs *)(ctx)->di)
#else
#define PT_REGS_SYSCALL_CTX(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))
#endif

#undef bpf_printk
#undef SEC
#define SEC(name) __attribute__((section(name), used))
#define __user
#define __kernel
#define __rcu
#define __iomem
#define __percpu
#define __force
#define __must_check
#define __init
#define __packed	__attribute__((packed))
#define __aligned(size) __attribute__((aligned(size)))
#define __always_inline inline __attribute__((always_inline))
#define __inline inline
#define __inline__ inline
#define inline inline __attribute__((always_inline))
#define asmlinkage
#define likely(x)			__builtin_expect(!!(x), 1)
#define unlikely(x)			__builtin_expect(!!(x), 0)
#define READ_ONCE(x)			(x)
#define offsetof(type, member)		__builtin_offsetof(type, member)
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - __builtin_offsetof(type, member)))
#define ARRAY_SIZE(a)			(sizeof(a) / sizeof((a)[0]))
#define memcpy				__builtin_memcpy
#define memset				__builtin_memset
#define memmove				__builtin_memmove
#define memcmp				__builtin_memcmp
#define min(a, b)                                                                                  \
	({                                                                                         \
		typeof(a) __bpfrun_a = (a);                                                        \
		typeof(b) __bpfrun_b = (b);                                                        \
		__bpfrun_a < __bpfrun_b ? __bpfrun_a : __bpfrun_b;                                 \
	})
#define max(a, b)                                                                                  \
	({                                                                                         \
		typeof(a) __bpfrun_a = (a);                                                        \
		typeof(b) __bpfrun_b = (b);                                                        \
		__bpfrun_a > __bpfrun_b ? __bpfrun_a : __bpfrun_b;                                 \
	})
#define NULL			 ((void *)0)
#define ntohs(x)		 bpf_ntohs(x)
#define ntohl(x)		 bpf_ntohl(x)
#define htons(x)		 bpf_htons(x)
#define htonl(x)		 bpf_htonl(x)
#define be16_to_cpu(x)		 bpf_ntohs(x)
#define be32_to_cpu(x)		 bpf_ntohl(x)
#define be64_to_cpu(x)		 bpf_be64_to_cpu(x)
#define cpu_to_be16(x)		 bpf_htons(x)
#define cpu_to_be32(x)		 bpf_htonl(x)
#define bpf_printk(fmt, args...) bpf_trace_printk(fmt, ##args)
#define lock_xadd(ptr, value)	 ((void)__sync_fetch_and_add(ptr, value))
#define _(P)                                                                                       \
	({                                                                                         \
		typeof(P) val;                                                                     \
		bpf_probe_read((void *)&val, sizeof(val), (const void *)&P);                       \
		val;                                                                               \
	})
#define cursor_advance(cursor, length) __bpfrun_no_packets(cursor_advance)
#define BPF_PACKET_HEADER	       __bpfrun_no_packets(BPF_PACKET_HEADER)
