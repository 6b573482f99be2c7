/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The classic backend: for kernels without BTF (5.5+). It has no relocations and no typed pointers.
 * The loader learns the few offsets that it needs and puts them into .rodata. The records are those
 * of the core backend; values that are not known here are marked (abi.h).
 */
#define WITHOUT_BTF
#include "common.h"
#include "layout.h"
#include "argv_reader.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Set by the loader before the programs are loaded. */
const volatile struct layout layout = {};
const volatile __u32 exec_filename = 8;	    /* tracepoint sched_process_exec: place of the name */
const volatile __u32 exec_old_pid = 16;	    /* and of the thread that called */
const volatile bool exit_group_dead = true; /* sched_process_exit has a second argument (6.16+) */
const volatile bool last_thread_tells =
	true;				   /* how a process ended, whatever its first did (6.1+) */
const volatile bool has_boot_clock = true; /* bpf_ktime_get_boot_ns (5.8+) */

/* Else how far the boot clock is ahead. That grows while the machine sleeps, and the reader follows
 * it. */
volatile __u64 suspended_ns;

#define BPF_F_CURRENT_CPU 0xffffffffULL
#define NAME_MAX_LEN	  4096 /* PATH_MAX */
#define ARGS_IN_FIRST	  16384
#define ARGS_ROOM	  (SCRATCH_SIZE - sizeof(struct rec_args))
#define ARGS_TURNS	  200 /* x 32,728 bytes: more than the 6 MiB that the kernel allows */
#define ARGS_MOST	  (8 << 20)
#define AUXV_ENTRIES	  40
#define AT_EXECFN	  31
#define CLONE_VFORK	  0x00004000
#define CLONE_THREAD	  0x00010000
#define CLONE_NEWPID	  0x20000000
#define USER32_CS	  0x23 /* x86: the code segment of 32-bit programs */

static __always_inline __u64 now_ns(void)
{
	return has_boot_clock ? bpf_ktime_get_boot_ns() : bpf_ktime_get_ns() + suspended_ns;
}

/* A perf buffer wakes its reader by itself, and does not tell how full it is. */
static __always_inline long emit(void *ctx, struct rec_header *head, __u64 size)
{
	if (use_ring)
		return send(head, size);
	return bpf_perf_event_output(ctx, &ring, BPF_F_CURRENT_CPU, head, size);
}

static __always_inline bool too_full(void)
{
	return use_ring && ring_congested();
}

static __always_inline __u64 u64_at(const void *base, __u32 offset)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), base + offset);
	return word;
}

static __always_inline __u32 u32_at(const void *base, __u32 offset)
{
	__u32 half = 0;

	bpf_probe_read_kernel(&half, sizeof(half), base + offset);
	return half;
}

static __always_inline void *leader_of(void *task)
{
	return (void *)u64_at(task, layout.leader);
}

static __always_inline void *parent_of(void *task)
{
	return leader_of((void *)u64_at(task, layout.parent));
}

/* The same as passes_filters() in task_info.h. Mount namespaces are not known here: the loader
 * refuses. */
static __always_inline bool let_through(void *task)
{
	if (bpf_get_current_pid_tgid() >> 32 == tracer_pid)
		return false;
	if (filter_uid && (__u32)bpf_get_current_uid_gid() != wanted_uid)
		return false;
	if (filter_ppid && u32_at(parent_of(task), layout.tgid) != wanted_ppid)
		return false;
	if (filter_cgroup && bpf_current_task_under_cgroup(&wanted_cgroup, 0) != 1)
		return false;
	if (filter_cgroup_map && !in_user_map(&wanted_cgroups, bpf_get_current_cgroup_id()))
		return false;
	return true;
}

static __always_inline void describe_current(struct rec_task *task_info, void *task)
{
	void *parent = parent_of(task);
	__u64 uid_gid = bpf_get_current_uid_gid();

	/* Names of cgroups are not known here. */
	task_info->place.unified = task_info->place.id = bpf_get_current_cgroup_id();
	task_info->place.hierarchy = CGROUP_UNIFIED;
	task_info->place.pad = task_info->pad = task_info->sid = 0;
	task_info->tty[0] = 0;
	task_info->uid = uid_gid;
	task_info->gid = uid_gid >> 32;
	task_info->euid = task_info->egid = task_info->loginuid = task_info->session = UNSET;
	task_info->ns_pid = task_info->pid_ns = task_info->mnt_ns = 0;
	task_info->cpu = bpf_get_smp_processor_id();
	bpf_get_current_comm(task_info->comm, sizeof(task_info->comm));
	task_info->ppid = u32_at(parent, layout.tgid);
	task_info->parent_start = u64_at(parent, layout.start);
	bpf_probe_read_kernel(
		task_info->parent_comm, sizeof(task_info->parent_comm), parent + layout.comm);
}

static __always_inline void *saved_regs(void *task)
{
	return (void *)u64_at(task, layout.stack) + layout.regs;
}

/* Where the new image's arguments are. In a map, not in registers: see READ_U32. */
struct arg_range {
	__u64 from, end;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct arg_range);
} areas SEC(".maps");

#define READ_U64(x) (*(volatile __u64 *)&(x))

/* A word of the new image's stack; programs of 32 bits have smaller ones. */
static __always_inline long stack_word(__u64 sp, __u64 index, bool compat, __u64 *word)
{
	__u32 half = 0;
	long err;

	if (!compat)
		return bpf_probe_read_user(word, sizeof(*word), (void *)(sp + 8 * index));
	err = bpf_probe_read_user(&half, sizeof(half), (void *)(sp + 4 * index));
	*word = half;
	return err;
}

/* Without an environment, the arguments end where the copy of the file's name begins; the auxiliary
 * vector names that place. */
static __always_inline long find_file_name(__u64 sp, __u64 index, bool compat, __u64 *place)
{
	for (int i = 0; i < AUXV_ENTRIES; i++) {
		__u64 type;

		if (stack_word(sp, index + 2 * i, compat, &type))
			return -1;
		if (type == AT_EXECFN)
			return stack_word(sp, index + 2 * i + 1, compat, place);
	}
	return -1;
}

/* When sched_process_exec fires, the new stack is ready, and the saved registers point at it: argc,
 * argv[], NULL, envp[], NULL, the auxiliary vector. The strings of all arguments lie in one block
 * from argv[0] on, those of the environment right after them. */
static __always_inline long find_args(void *task, struct arg_range *range)
{
	void *regs = saved_regs(task);
	__u64 sp = u64_at(regs, REG_SP), argc;
	bool compat = false;

#ifdef REG_CS
	compat = u64_at(regs, REG_CS) == USER32_CS;
#endif
	if (stack_word(sp, 0, compat, &argc) || stack_word(sp, 1, compat, &range->from))
		return -1;
	if (!argc) { /* before 5.18 */
		range->from = range->end = 0;
		return 0;
	}
	if (stack_word(sp, argc + 2, compat, &range->end))
		return -1;
	if (!range->end && find_file_name(sp, argc + 3, compat, &range->end))
		return -1;
	return range->from <= range->end && range->end - range->from <= ARGS_MOST ? 0 : -1;
}

/* The first piece of the arguments goes into the record itself. */
static __always_inline __u64 add_args(struct rec_exec *rec, void *task, struct arg_range *range)
{
	__u64 n;

	rec->args_total = rec->args_len = 0;
	if (find_args(task, range)) {
		range->from = range->end = 0;
		rec->flags |= EXEC_ARGS_UNREAD;
		COUNT(args_unread);
		return 0;
	}
	n = range->end - range->from;
	rec->args_total = n;
	if (n > ARGS_IN_FIRST)
		n = ARGS_IN_FIRST;
	if (bpf_probe_read_user(rec + 1, n, (void *)range->from)) {
		rec->flags |= EXEC_ARGS_UNREAD;
		COUNT(args_unread);
		return 0;
	}
	rec->args_len = n;
	return n;
}

enum { ARGS_ALL_SENT, ARGS_NO_ROOM, ARGS_NOT_READ };

static __always_inline int send_rest(void *ctx, struct rec_args *rec, struct arg_range *range)
{
	for (int i = 0; i < ARGS_TURNS; i++) {
		__u64 from = READ_U64(range->from), n = READ_U64(range->end) - from;

		if (!n || n > ARGS_MOST)
			return ARGS_ALL_SENT;
		if (n > ARGS_ROOM)
			n = ARGS_ROOM;
		if (too_full())
			return ARGS_NO_ROOM;
		if (bpf_probe_read_user(rec + 1, n, (void *)from))
			return ARGS_NOT_READ;
		rec->data_len = n;
		if (emit(ctx, &rec->head, sizeof(*rec) + n))
			return ARGS_NO_ROOM;
		range->from = from + n;
		READ_U32(rec->offset) += n;
	}
	return ARGS_NO_ROOM;
}

/* Sends what did not fit into the exec record, and says so when that stops early. */
static __always_inline void send_continuations(
	void *ctx, struct rec_exec *exec, struct arg_range *range)
{
	struct rec_args *rec = (void *)exec; /* the head stays as it is */
	__u32 tid = exec->task_info.tid, sent = exec->args_len;
	int how;

	rec->head.type = RECORD_ARGS;
	rec->tid = tid;
	rec->offset = sent;
	rec->flags = 0;
	how = send_rest(ctx, rec, range);
	if (how == ARGS_ALL_SENT)
		return;
	if (how == ARGS_NOT_READ)
		COUNT(args_unread);
	else
		COUNT(args_ring);
	rec->data_len = 0;
	rec->flags = ARGS_END;
	emit(ctx, &rec->head, sizeof(*rec));
}

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	struct rec_exec *rec = scratch_for(SCRATCH_EXEC);
	void *task = (void *)bpf_get_current_task();
	__u64 first, total;
	struct arg_range *range;
	long name_len;
	__u32 zero = 0;

	COUNT(kind[KIND_EXEC].seen);
	range = bpf_map_lookup_elem(&areas, &zero);
	if (!rec || !range)
		return 0; /* cannot be: the maps have these slots */
	if (!let_through(task)) {
		COUNT(kind[KIND_EXEC].filtered);
		return 0;
	}
	rec->head.time = now_ns();
	rec->head.start = u64_at(leader_of(task), layout.start);
	rec->head.type = RECORD_EXEC;
	rec->head.pid = bpf_get_current_pid_tgid() >> 32;
	describe_current(&rec->task_info, task);
	rec->task_info.tid = u32_at(ctx, exec_old_pid);
	rec->inode = rec->maxrss_before = 0;
	rec->device = rec->links = rec->path_len = rec->cwd_len = rec->env_total = 0;
	rec->exec_number = 0;
	rec->flags = EXEC_NO_FILE;
	first = add_args(rec, task, range);
	name_len = bpf_probe_read_kernel_str((char *)(rec + 1) + first, NAME_MAX_LEN,
		ctx + (u32_at(ctx, exec_filename) & 0xffff));
	rec->name_len = name_len < 0 ? 0 : name_len;
	total = READ_U32(rec->args_len) + READ_U32(rec->name_len);
	if (total > SCRATCH_SIZE - sizeof(*rec))
		total = SCRATCH_SIZE - sizeof(*rec);
	if (emit(ctx, &rec->head, sizeof(*rec) + total)) {
		COUNT(kind[KIND_EXEC].ring_full);
		return 0;
	}
	range->from += first;
	if (!(rec->flags & EXEC_ARGS_UNREAD) && range->from < range->end)
		send_continuations(ctx, rec, range);
	return 0;
}

/* How many times read_some_args may be called for one failed exec: 65,536 pieces in all. */
#define CLASSIC_WALKS 512

/* As flush_args in failed.bpf.h, but a perf buffer asks for the program's context, which a function
 * that is verified by itself cannot have. */
static __always_inline long flush(
	void *ctx, struct rec_failed *failed, struct argv_cursor *cursor, __u32 flags)
{
	struct rec_args *args = (struct rec_args *)(failed + 1) - 1;
	__u32 fill = READ_U32(cursor->fill);

	if (fill > FAILED_ROOM)
		return -1;
	cursor->fill = 0;
	if (!cursor->begun) {
		failed->args_len = fill - failed->name_len;
		failed->flags = flags;
		cursor->sent = failed->args_len;
		cursor->begun = 1;
		if (!emit(ctx, &failed->head, sizeof(*failed) + fill))
			return 0;
		COUNT(kind[KIND_FAILED].ring_full);
		return -1;
	}
	args->head = failed->head;
	args->head.type = RECORD_ARGS;
	args->offset = cursor->sent;
	args->data_len = fill;
	args->flags = flags;
	args->tid = failed->task_info.tid;
	cursor->sent += fill;
	if (!emit(ctx, &args->head, sizeof(*args) + fill))
		return 0;
	COUNT(args_ring);
	return -1;
}

static __always_inline void walk_and_send(
	void *ctx, struct rec_failed *rec, struct argv_cursor *cursor)
{
	for (int i = 0; i < CLASSIC_WALKS; i++) {
		int how = read_some_args();

		if (how == ARGV_GOES_ON)
			continue;
		if (how == ARGV_BUFFER_FULL && !too_full()) {
			if (flush(ctx, rec, cursor, 0))
				return;
			continue;
		}
		if (how == ARGV_BUFFER_FULL)
			COUNT(args_ring);
		else if (how == ARGV_STUCK)
			COUNT(args_unread);
		flush(ctx, rec, cursor, how == ARGV_COMPLETE ? ARGS_END | ARGS_COMPLETE : ARGS_END);
		return;
	}
	COUNT(args_many);
	flush(ctx, rec, cursor, ARGS_END);
}

static __always_inline int report_failed(void *ctx, struct call *call)
{
	struct rec_failed *rec = scratch_for(SCRATCH_FAILED);
	void *task = (void *)bpf_get_current_task();
	struct argv_cursor *cursor = current_cursor();
	long name_len;

	COUNT(kind[KIND_FAILED].seen);
	if (!rec || !cursor)
		return 0; /* cannot be: the maps have these slots */
	if (!let_through(task)) {
		COUNT(kind[KIND_FAILED].filtered);
		return 0;
	}
	rec->head.time = now_ns();
	rec->head.start = u64_at(leader_of(task), layout.start);
	rec->head.type = RECORD_FAILED;
	rec->head.pid = bpf_get_current_pid_tgid() >> 32;
	describe_current(&rec->task_info, task);
	rec->task_info.tid = bpf_get_current_pid_tgid();
	rec->ret = call->ret;
	rec->dirfd = call->dirfd;
	rec->image = 0;
	name_len = bpf_probe_read_user_str(rec + 1, PIECE, (void *)call->name);
	rec->name_len = name_len < 0 ? 0 : name_len;
	cursor->slot = call->argv;
	cursor->string = cursor->sent = cursor->begun = cursor->block = 0;
	cursor->fill = rec->name_len;
	cursor->compat = 0;
	walk_and_send(ctx, rec, cursor);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_execve")
int on_execve_exit(struct sys_exit_args *args)
{
	struct call call = {.dirfd = AT_FDCWD, .ret = args->ret};
	void *regs = saved_regs((void *)bpf_get_current_task());

	if (args->ret >= 0)
		return 0;
	call.name = u64_at(regs, REG_ARG1);
	call.argv = u64_at(regs, REG_ARG2);
	return report_failed(args, &call);
}

SEC("tracepoint/syscalls/sys_exit_execveat")
int on_execveat_exit(struct sys_exit_args *args)
{
	struct call call = {.ret = args->ret};
	void *regs = saved_regs((void *)bpf_get_current_task());

	if (args->ret >= 0)
		return 0;
	call.dirfd = u64_at(regs, REG_ARG1);
	call.name = u64_at(regs, REG_ARG2);
	call.argv = u64_at(regs, REG_ARG3);
	return report_failed(args, &call);
}

struct raw_args {
	__u64 args[2];
};

/* A raw tracepoint gives the task itself, which the record in tracefs does not name. */
SEC("raw_tracepoint/task_newtask")
int on_fork(struct raw_args *ctx)
{
	void *child = (void *)ctx->args[0], *creator = (void *)bpf_get_current_task();
	__u64 flags = ctx->args[1], me = bpf_get_current_pid_tgid();
	struct rec_fork rec = {};

	if (flags & CLONE_THREAD)
		return 0;
	COUNT(kind[KIND_FORK].seen);
	rec.head.time = now_ns();
	rec.head.start = u64_at(child, layout.start);
	rec.head.type = RECORD_FORK;
	rec.head.pid = u32_at(child, layout.tgid);
	rec.creator_start = u64_at(leader_of(creator), layout.start);
	rec.creator_pid = me >> 32;
	rec.creator_tid = me;
	if (flags & CLONE_VFORK)
		rec.flags |= FORK_VFORK;
	if (flags & CLONE_NEWPID)
		rec.flags |= FORK_PID_NS;
	if (me >> 32 == tracer_pid)
		rec.flags |= FORK_BY_TRACER;
	if (emit(ctx, &rec.head, sizeof(rec)))
		COUNT(kind[KIND_FORK].ring_full);
	return 0;
}

struct process_key {
	__u64 start;
	__u32 pid, pad;
};

/* Processes that have ended. Only used before 6.16: see exit.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct process_key);
	__type(value, __u8);
} ended SEC(".maps");

static __always_inline bool ends_process(struct raw_args *ctx, void *task, struct process_key *key)
{
	__u8 one = 1;

	if (exit_group_dead)
		return ctx->args[1] & 1;
	if (u32_at((void *)u64_at(task, layout.signal), layout.live))
		return false;
	return !bpf_map_update_elem(&ended, key, &one, BPF_NOEXIST);
}

/* How the process ended. Before 6.1 that depends on whether the threads left together or one by
 * one, which is not known here; so it is only known when the first and the last of them agree. */
static __always_inline void add_code(struct rec_exit *rec, void *task)
{
	rec->code = u32_at(task, layout.exit_code);
	if (!layout.exit_code)
		rec->flags |= EXIT_NO_CODE;
	else if (!last_thread_tells && u32_at(leader_of(task), layout.exit_code) != rec->code)
		rec->flags |= EXIT_NO_CODE;
}

SEC("raw_tracepoint/sched_process_exit")
int on_exit(struct raw_args *ctx)
{
	void *task = (void *)bpf_get_current_task(), *parent = parent_of(task);
	struct rec_exit rec = {.flags = EXIT_NO_COSTS | EXIT_NO_OOM};
	__u64 uid_gid = bpf_get_current_uid_gid();
	struct process_key key = {};

	key.start = u64_at(leader_of(task), layout.start);
	key.pid = bpf_get_current_pid_tgid() >> 32;
	if (!ends_process(ctx, task, &key))
		return 0;
	COUNT(kind[KIND_EXIT].seen);
	if (!let_through(task)) {
		COUNT(kind[KIND_EXIT].filtered);
		return 0;
	}
	rec.head.time = now_ns();
	rec.head.start = key.start;
	rec.head.type = RECORD_EXIT;
	rec.head.pid = key.pid;
	rec.parent_start = u64_at(parent, layout.start);
	rec.ppid = u32_at(parent, layout.tgid);
	rec.place.unified = rec.place.id = bpf_get_current_cgroup_id();
	rec.uid = uid_gid;
	rec.gid = uid_gid >> 32;
	add_code(&rec, task);
	bpf_probe_read_kernel(rec.comm, sizeof(rec.comm), leader_of(task) + layout.comm);
	if (emit(ctx, &rec.head, sizeof(rec)))
		COUNT(kind[KIND_EXIT].ring_full);
	return 0;
}
