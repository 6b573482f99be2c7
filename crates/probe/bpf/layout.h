/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Offsets of the kernel structures that the classic backend reads. Without BTF the loader learns
 * them (src/backend/classic/kernel_layout.rs).
 */
#pragma once

struct layout {
	__u32 stack; /* in task_struct, as the next six */
	__u32 tgid;
	__u32 parent; /* real_parent */
	__u32 leader; /* group_leader */
	__u32 start;  /* start_boottime */
	__u32 comm;
	__u32 signal;
	__u32 exit_code; /* 0: not found */
	__u32 live;	 /* in signal_struct: how many threads have not ended */
	__u32 regs;	 /* of the saved registers, from the beginning of the kernel stack */
};
_Static_assert(sizeof(struct layout) == 40, "struct layout has a hidden gap");

/* The registers' places in struct pt_regs, which ptrace has made part of the kernel's ABI. */
#if defined(__TARGET_ARCH_arm64)
#define REG_SP	 248
#define REG_ARG1 272 /* orig_x0: x0 has the result by then */
#define REG_ARG2 8
#define REG_ARG3 16
#else
#define REG_SP	 152
#define REG_CS	 136
#define REG_ARG1 112
#define REG_ARG2 104
#define REG_ARG3 96
#endif
