/* SPDX-License-Identifier: GPL-2.0 OR MIT OR Apache-2.0 */
/* What the tests' programs need of the kernel and of libbpf, so that clang alone compiles them. */
#ifndef BPF_H
#define BPF_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef int s32;
typedef unsigned int u32;
typedef long long s64;
typedef unsigned long long u64;

#define SEC(name)	    __attribute__((section(name), used))
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name

enum { HASH = 1, ARRAY = 2, PERF_EVENT_ARRAY = 4, PERCPU_HASH = 5, PERCPU_ARRAY = 6 };
enum { STACK_TRACE = 7, LRU_HASH = 9, RINGBUF = 27 };

#define CURRENT_CPU 0xffffffffULL

static void *(*lookup)(void *map, const void *key) = (void *)1;
static long (*update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*printk)(const char *format, u32 size, ...) = (void *)6;
static u64 (*pid_tgid)(void) = (void *)14;
static long (*comm_of)(void *to, u32 size) = (void *)16;
static long (*perf_output)(void *ctx, void *map, u64 flags, void *data, u64 size) = (void *)25;
static long (*get_stackid)(void *ctx, void *map, u64 flags) = (void *)27;
static long (*ring_output)(void *map, void *data, u64 size, u64 flags) = (void *)130;
static void *(*ring_reserve)(void *map, u64 size, u64 flags) = (void *)131;
static void (*ring_submit)(void *data, u64 flags) = (void *)132;

/* The tests call getpgid with these numbers: no process has them, so no other caller uses them. */
#define MAGIC		0x40000000
#define IS_OURS(number) (((number)&0x7f000000) == MAGIC)
#define NUMBER(number)	((number)&0xffffff)

struct getpgid {
	u64 common;
	s64 syscall;
	s64 pid;
};

char LICENSE[] SEC("license") = "GPL";

#endif
