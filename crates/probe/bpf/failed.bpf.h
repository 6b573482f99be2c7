/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Execs that failed, at the exit of the system call. Nothing is done at its entry and nothing is
 * kept between the two: the caller's registers still hold the pointers it passed. Attached only
 * when asked for, since a probe at one system call's exit slows every system call (103 to 121 ns
 * measured, 6.18).
 *
 * There are two ways in. The tracepoints of execve and execveat are the cheaper one, but their ids
 * are read from tracefs, which only root may see; tp_btf/sys_exit needs no tracefs, and sees 32-bit
 * callers.
 */
#pragma once
#include "task_info.h"
#include "argv_reader.h"
#include "path.h"
#include "prepared.h"

#define THREAD_SIZE 16384 /* x86-64, and arm64 with 4 KiB pages; used before 5.15 only */

/* Sends what the buffer holds: first with all else that is known of this exec, then by itself.
 * Returns 1 when it is lost, which is counted. */
SUBPROG int flush_args(__u32 flags)
{
	struct rec_failed *failed = scratch_for(SCRATCH_FAILED);
	struct argv_cursor *cursor = current_cursor();
	struct rec_args *args;
	__u32 fill;

	if (!failed || !cursor)
		return 1;
	fill = READ_U32(cursor->fill);
	if (fill > FAILED_ROOM)
		return 1;
	cursor->fill = 0;
	if (!cursor->begun) {
		failed->args_len = fill - failed->name_len;
		failed->flags = flags;
		cursor->sent = failed->args_len;
		if (send(&failed->head, sizeof(*failed) + fill)) {
			COUNT(kind[KIND_FAILED].ring_full);
			return 1;
		}
		cursor->begun = 1;
		return 0;
	}
	args = (struct rec_args *)(failed + 1) - 1;
	args->head = failed->head;
	args->head.type = RECORD_ARGS;
	args->offset = cursor->sent;
	args->data_len = fill;
	args->flags = flags;
	args->tid = failed->task_info.tid;
	cursor->sent += fill;
	if (!send(&args->head, sizeof(*args) + fill))
		return 0;
	COUNT(args_ring);
	return 1;
}

/* One call of read_some_args, and what its outcome asks for. Returns 1 when this exec is done with.
 */
SUBPROG int argv_step(void)
{
	int how = read_some_args();

	if (how == ARGV_GOES_ON)
		return 0;
	if (how == ARGV_COMPLETE) {
		flush_args(ARGS_END | ARGS_COMPLETE);
		return 1;
	}
	if (how == ARGV_BUFFER_FULL && !ring_congested())
		return flush_args(0);
	if (how == ARGV_BUFFER_FULL)
		COUNT(args_ring);
	else
		COUNT(args_unread);
	flush_args(ARGS_END);
	return 1;
}

/* Walks the caller's list and sends it, in as many records as it takes. */
static __always_inline void send_args(void)
{
	for (int i = 0; i < MAX_CALLS; i++)
		if (argv_step())
			return;
	COUNT(args_many);
	flush_args(ARGS_END);
}

/* The name of the file, as it was given, and the arguments, from the memory of the new image.
 * Returns how long the name is, or 0 when that is not known. */
static __always_inline long find_in_new_image(
	struct rec_failed *rec, struct argv_cursor *cursor, struct mm_struct *mm)
{
	struct prepared_exec *prepared = prepared_slot(rec->head.pid);
	__u64 args = FETCH(CURRENT_TYPED, mm, arg_start);
	__u32 name;

	if (!args || !prepared || !has_prepared(rec->head.pid))
		return 0;
	name = prepared->name;
	if (!name)
		return 0;
	cursor->next = args;
	cursor->left = prepared->args & ~PREPARED_SCRIPT;
	cursor->block = 1;
	if (prepared->args & PREPARED_SCRIPT)
		rec->image |= FAILED_SCRIPT;
	return bpf_probe_read_user_str(rec + 1, PIECE, (void *)args + name);
}

/* Else the path of the new image's file. */
static __always_inline void name_by_path(struct rec_failed *rec, struct mm_struct *mm)
{
	struct file *file = READ_TAGGED(mm, exe_file);
	__u32 path = add_path((__u64)BPF_CORE_READ(file, f_path.dentry),
		(__u64)BPF_CORE_READ(file, f_path.mnt), SCRATCH_FAILED, sizeof(*rec));
	__u32 end = PATH_END(path);

	rec->name_len = PATH_LENGTH(path);
	rec->image |= FAILED_BY_PATH;
	if (end == PATH_CUT)
		rec->image |= FAILED_PATH_CUT;
	if (end == PATH_AT_OWN_ROOT)
		rec->image |= FAILED_PATH_OWN_ROOT;
	if (end == PATH_AT_NO_ROOT)
		rec->image |= FAILED_PATH_NO_ROOT;
}

/* An exec that failed past the point of no return (prepared.h). Returns whether its arguments are
 * known. */
static __always_inline bool describe_fatal(
	struct rec_failed *rec, struct argv_cursor *cursor, struct task_struct *task)
{
	struct mm_struct *mm = FETCH(CURRENT_TYPED, task, mm);
	long name_len;

	rec->image = FAILED_FATAL;
	rec->dirfd = AT_FDCWD; /* the name contains it */
	name_len = find_in_new_image(rec, cursor, mm);
	if (name_len > 0) {
		rec->name_len = name_len;
		return true;
	}
	name_by_path(rec, mm);
	COUNT(args_unread);
	return false;
}

/* One that left the caller's memory alone. */
static __always_inline void describe_call(struct rec_failed *rec, struct call *call)
{
	long name_len = bpf_probe_read_user_str(rec + 1, PIECE, (void *)call->name);

	rec->name_len = name_len < 0 ? 0 : name_len;
	rec->dirfd = call->dirfd;
	rec->image = 0;
}

static __always_inline int report_failed(struct call *call)
{
	struct rec_failed *rec = scratch_for(SCRATCH_FAILED);
	struct task_struct *task = current_task();
	struct argv_cursor *cursor = current_cursor();
	struct rec_cgroup_ref place;
	bool args_known = true;

	COUNT(kind[KIND_FAILED].seen);
	if (!rec || !cursor)
		return 0; /* cannot be: the maps have these slots */
	if (!passes_filters(CURRENT_TYPED, task, &place)) {
		COUNT(kind[KIND_FAILED].filtered);
		return 0;
	}
	rec->head.time = bpf_ktime_get_boot_ns();
	rec->head.start = FETCH(CURRENT_TYPED, task, group_leader, start_boottime);
	rec->head.type = RECORD_FAILED;
	rec->head.pid = bpf_get_current_pid_tgid() >> 32;
	describe_task(CURRENT_TYPED, &rec->task_info, task, &place);
	rec->task_info.tid = bpf_get_current_pid_tgid();
	rec->ret = call->ret;
	cursor->slot = call->argv;
	cursor->string = cursor->sent = cursor->begun = cursor->block = 0;
	cursor->compat = call->compat;
	if (is_image_unfinished(CURRENT_TYPED, task))
		args_known = describe_fatal(rec, cursor, task);
	else
		describe_call(rec, call);
	cursor->fill = rec->name_len;
	if (args_known)
		send_args();
	else
		flush_args(ARGS_END);
	return 0;
}

/* The registers with which the current task entered the kernel. */
static __always_inline struct pt_regs *entry_regs(void)
{
	struct task_struct *task;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs___known))
		return (void *)bpf_task_pt_regs((void *)bpf_get_current_task_btf());
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, stack) + THREAD_SIZE - bpf_core_type_size(struct pt_regs);
}

static __always_inline void read_execve(struct call *call, struct pt_regs *regs)
{
	call->name = PT_REGS_PARM1_CORE_SYSCALL(regs);
	call->argv = PT_REGS_PARM2_CORE_SYSCALL(regs);
}

static __always_inline void read_execveat(struct call *call, struct pt_regs *regs)
{
	call->dirfd = PT_REGS_PARM1_CORE_SYSCALL(regs);
	call->name = PT_REGS_PARM2_CORE_SYSCALL(regs);
	call->argv = PT_REGS_PARM3_CORE_SYSCALL(regs);
}

SEC("tracepoint/syscalls/sys_exit_execve")
int on_execve_exit(struct sys_exit_args *args)
{
	struct call call = {.dirfd = AT_FDCWD, .ret = args->ret};

	if (args->ret >= 0)
		return 0;
	read_execve(&call, entry_regs());
	return report_failed(&call);
}

SEC("tracepoint/syscalls/sys_exit_execveat")
int on_execveat_exit(struct sys_exit_args *args)
{
	struct call call = {.ret = args->ret};

	if (args->ret >= 0)
		return 0;
	read_execveat(&call, entry_regs());
	return report_failed(&call);
}

#if defined(__TARGET_ARCH_arm64)
#define NR_EXECVE	  221
#define NR_EXECVEAT	  281
#define CALL_NUMBER(regs) BPF_CORE_READ(regs, syscallno)

static __always_inline bool read_narrow(struct call *call, struct pt_regs *regs)
{
	return false; /* 32-bit callers on arm64: not known */
}
#else
#define NR_EXECVE	  59
#define NR_EXECVEAT	  322
#define NR32_EXECVE	  11
#define NR32_EXECVEAT	  358
#define TS_COMPAT	  2 /* arch/x86/include/asm/thread_info.h */
#define CALL_NUMBER(regs) BPF_CORE_READ(regs, orig_ax)

/* 32-bit callers: a 32-bit program, or int 0x80. Their numbers mean other calls in 64 bits. */
static __always_inline bool read_narrow(struct call *call, struct pt_regs *regs)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	call->compat = BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
	if (!call->compat)
		return false;
	if (BPF_CORE_READ(regs, orig_ax) == NR32_EXECVE) {
		call->name = (__u32)BPF_CORE_READ(regs, bx);
		call->argv = (__u32)BPF_CORE_READ(regs, cx);
	} else if (BPF_CORE_READ(regs, orig_ax) == NR32_EXECVEAT) {
		call->dirfd = BPF_CORE_READ(regs, bx);
		call->name = (__u32)BPF_CORE_READ(regs, cx);
		call->argv = (__u32)BPF_CORE_READ(regs, dx);
	} else {
		call->compat = false;
	}
	return true;
}
#endif

SEC("tp_btf/sys_exit")
int BPF_PROG(on_any_exit, struct pt_regs *regs, long ret)
{
	struct call call = {.dirfd = AT_FDCWD, .ret = ret};

	if (ret >= 0 || ret < -4095) /* MAX_ERRNO */
		return 0;
	if (read_narrow(&call, regs)) {
		if (!call.compat)
			return 0; /* of another system call */
	} else if (CALL_NUMBER(regs) == NR_EXECVE) {
		read_execve(&call, regs);
	} else if (CALL_NUMBER(regs) == NR_EXECVEAT) {
		read_execveat(&call, regs);
	} else {
		return 0;
	}
	return report_failed(&call);
}
