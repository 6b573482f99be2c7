/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every successful exec, however it was started: execve, execveat, 32-bit, from any thread, by the
 * kernel itself.
 *
 * The arguments are read where the kernel has just put them, in one block of the new image's memory
 * (mm->arg_start to arg_end, NUL after each). No thread can have changed them yet, no page of them
 * is missing, and one read fetches them all; a list of pointers would have to be walked string by
 * string.
 */
#pragma once
#include "task_info.h"
#include "cpu_slice.h"
#include "path.h"
#include "prepared.h"

const volatile bool want_path = true; /* the resolved path of the file that runs */
const volatile bool want_cwd = false; /* that of the working directory */
const volatile bool want_env = false; /* the environment, behind the arguments */

#define ARGS_IN_FIRST 16384 /* bytes of arguments in the exec record itself */
#define NAME_MAX_LEN  4096  /* PATH_MAX */
#define EXEC_ROOM     (SCRATCH_SIZE - sizeof(struct rec_exec))
#define ARGS_ROOM     (SCRATCH_SIZE - sizeof(struct rec_args))
#define ARGS_TURNS                                                                                 \
	200 /* x 32,736 bytes: more than the 6 MiB that the kernel allows (fs/exec.c)              \
	     */
enum { ARGS_ALL_SENT, ARGS_NO_ROOM, ARGS_NOT_READ };

/* Sends what did not fit into the exec record, piece by piece. rec->offset is how far it came. */
SUBPROG int send_rest(__u64 from, __u64 end, __u32 offset)
{
	struct rec_args *rec = scratch_for(SCRATCH_EXEC);

	if (!rec)
		return ARGS_NO_ROOM;
	rec->offset = offset;
	for (int i = 0; i < ARGS_TURNS && from < end; i++) {
		__u64 n = end - from;

		if (n > ARGS_ROOM)
			n = ARGS_ROOM;
		if (ring_congested()) /* one long command line must not push out everybody else's
					 events */
			return ARGS_NO_ROOM;
		if (bpf_probe_read_user(rec + 1, n, (void *)from))
			return ARGS_NOT_READ;
		rec->data_len = n;
		rec->flags = 0;
		if (send(&rec->head, sizeof(*rec) + n))
			return ARGS_NO_ROOM;
		from += n;
		rec->offset += n;
	}
	return from < end ? ARGS_NO_ROOM : ARGS_ALL_SENT;
}

/* What is missing: of the arguments, or only of the environment behind them. */
static __always_inline void count_cut(int how, bool args_whole)
{
	if (args_whole && how == ARGS_NOT_READ)
		COUNT(env_unread);
	else if (args_whole)
		COUNT(env_ring);
	else if (how == ARGS_NOT_READ)
		COUNT(args_unread);
	else
		COUNT(args_ring);
}

/* Sends the rest, and where that stops early says so, so that the reader need not wait. */
static __always_inline void send_continuations(struct rec_exec *exec, __u64 from, __u64 end)
{
	struct rec_args *rec = (void *)exec; /* the head stays as it is */
	__u32 tid = exec->task_info.tid, sent = exec->args_len, args_total = exec->args_total;
	int how;

	rec->head.type = RECORD_ARGS;
	rec->tid = tid;
	how = send_rest(from, end, sent);
	if (how == ARGS_ALL_SENT)
		return;
	count_cut(how, rec->offset >= args_total);
	rec->data_len = 0;
	rec->flags = ARGS_END;
	send(&rec->head, sizeof(*rec));
}

/* The first piece of the arguments, and of the environment that may be asked for with them, goes
 * into the record itself. Returns how much that is. */
static __always_inline __u64 add_args(struct rec_exec *rec, __u64 from, __u64 end)
{
	__u64 n = end - from;

	if (n > ARGS_IN_FIRST)
		n = ARGS_IN_FIRST;
	if (bpf_probe_read_user(rec + 1, n, (void *)from)) {
		rec->flags |= EXEC_ARGS_UNREAD;
		COUNT(args_unread);
		n = 0;
	}
	rec->args_len = n;
	return n;
}

static __always_inline void describe_file(struct rec_exec *rec, struct linux_binprm *bprm)
{
	struct inode *inode = bprm->file->f_inode;

	rec->inode = inode->i_ino;
	rec->links = inode->i_nlink;
	rec->device = inode->i_sb->s_dev;
	if (bprm->interp != bprm->filename)
		rec->flags |= EXEC_SCRIPT;
	if (BPF_CORE_READ_BITFIELD(bprm, secureexec))
		rec->flags |= EXEC_SECURE;
}

/* Where the block ends that is to be sent. The kernel has put the environment right behind the
 * arguments (fs/binfmt_elf.c, create_elf_tables). */
static __always_inline __u64 measure_block(struct rec_exec *rec, struct mm_struct *mm)
{
	__u64 args_end = mm->arg_end, env_end = mm->env_end;

	rec->args_total = args_end - mm->arg_start;
	rec->env_total = 0;
	if (!want_env || mm->env_start != args_end || env_end < args_end)
		return args_end;
	rec->flags |= EXEC_ENV;
	rec->env_total = env_end - args_end;
	return env_end;
}

/* Where the paths go. */
static __always_inline __u32 paths_begin(struct rec_exec *rec)
{
	return sizeof(*rec) + READ_U32(rec->args_len) + READ_U32(rec->name_len);
}

static __always_inline void add_exe_path(struct rec_exec *rec, struct linux_binprm *bprm)
{
	struct file *file = bprm->file;
	__u32 path = add_path((__u64)BPF_CORE_READ(file, f_path.dentry),
		(__u64)BPF_CORE_READ(file, f_path.mnt), SCRATCH_EXEC, paths_begin(rec));
	__u32 end = PATH_END(path);

	if (end == PATH_CUT)
		rec->flags |= EXEC_PATH_CUT;
	if (end == PATH_AT_OWN_ROOT)
		rec->flags |= EXEC_PATH_OWN_ROOT;
	if (end == PATH_AT_NO_ROOT)
		rec->flags |= EXEC_PATH_NO_ROOT;
	rec->path_len = PATH_LENGTH(path);
}

static __always_inline void add_cwd(struct rec_exec *rec, struct task_struct *task)
{
	struct fs_struct *fs = task->fs;
	__u32 path =
		add_path((__u64)BPF_CORE_READ(fs, pwd.dentry), (__u64)BPF_CORE_READ(fs, pwd.mnt),
			SCRATCH_EXEC, paths_begin(rec) + READ_U32(rec->path_len));
	__u32 end = PATH_END(path);

	rec->cwd_len = PATH_LENGTH(path);
	if (end == PATH_CUT)
		rec->flags |= EXEC_CWD_CUT;
	else if (!PATH_LENGTH(path))
		rec->flags |= EXEC_CWD_ROOT;
	if (end == PATH_AT_OWN_ROOT)
		rec->flags |= EXEC_CWD_OWN_ROOT;
	if (end == PATH_AT_NO_ROOT)
		rec->flags |= EXEC_CWD_NO_ROOT;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_tid, struct linux_binprm *bprm)
{
	struct rec_exec *rec = scratch_for(SCRATCH_EXEC);
	struct mm_struct *mm = task->mm;
	__u64 first, total, start = mm->arg_start, end;
	struct rec_cgroup_ref place;
	long name_len;

	COUNT(kind[KIND_EXEC].seen);
	if (want_slices)
		unaccounted_runtime(task->se.exec_start);
	if (want_prepared)
		take_prepared(task->tgid);
	if (!rec)
		return 0; /* cannot be: the map has this slot */
	if (!passes_filters(true, task, &place)) {
		COUNT(kind[KIND_EXEC].filtered);
		return 0;
	}
	rec->head.time = bpf_ktime_get_boot_ns();
	rec->head.start = task->start_boottime;
	rec->head.type = RECORD_EXEC;
	rec->head.pid = task->tgid;
	describe_task(true, &rec->task_info, task, &place);
	rec->task_info.tid = old_tid;
	rec->flags = 0;
	rec->exec_number = exec_number(true, task);
	rec->maxrss_before = task->signal->maxrss;
	describe_file(rec, bprm);
	end = measure_block(rec, mm);
	first = add_args(rec, start, end);
	name_len =
		bpf_probe_read_kernel_str((char *)(rec + 1) + first, NAME_MAX_LEN, bprm->filename);
	rec->name_len = name_len < 0 ? 0 : name_len;
	rec->path_len = rec->cwd_len = 0;
	if (want_path)
		add_exe_path(rec, bprm);
	if (want_cwd)
		add_cwd(rec, task);
	total = READ_U32(rec->args_len) + READ_U32(rec->name_len) + READ_U32(rec->path_len) +
		READ_U32(rec->cwd_len);
	if (total > EXEC_ROOM)
		total = EXEC_ROOM;
	if (send(&rec->head, sizeof(*rec) + total)) {
		COUNT(kind[KIND_EXEC].ring_full);
		return 0;
	}
	if (rec->flags & EXEC_ARGS_UNREAD)
		return 0;
	if (start + first < end)
		send_continuations(rec, start + first, end);
	return 0;
}
