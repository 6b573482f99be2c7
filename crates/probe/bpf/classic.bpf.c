/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The classic rung: for kernels without BTF (5.5+). No relocation, no typed pointer; the few
 * offsets that are needed are found out by the loader and stand in .rodata. The records are those
 * of the core rung, with what cannot be known here marked as unknown (abi.h).
 */
#define WITHOUT_BTF
#include "common.h"
#include "layout.h"
#include "walk.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Set by the loader before the programs are loaded. */
const volatile struct layout layout = {};
const volatile __u32 exec_filename = 8;	    /* tracepoint sched_process_exec: place of the name */
const volatile __u32 exec_old_pid = 16;	    /* and of the thread that called */
const volatile bool exit_group_dead = true; /* sched_process_exit has a second argument (6.16+) */
const volatile bool last_thread_tells =
	true;				   /* how a process ended, whatever its first did (6.1+) */
const volatile bool has_boot_clock = true; /* bpf_ktime_get_boot_ns (5.8+) */
const volatile __u64 suspended_ns = 0;	   /* else: how far the boot clock is ahead */

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
	return use_ring && crowded();
}

static __always_inline __u64 word_at(const void *base, __u32 offset)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), base + offset);
	return word;
}

static __always_inline __u32 half_at(const void *base, __u32 offset)
{
	__u32 half = 0;

	bpf_probe_read_kernel(&half, sizeof(half), base + offset);
	return half;
}

static __always_inline void *leader_of(void *task)
{
	return (void *)word_at(task, layout.leader);
}

static __always_inline void *parent_of(void *task)
{
	return leader_of((void *)word_at(task, layout.parent));
}

/* The same as wanted() in actor.h. Mount namespaces are not known here: the loader refuses. */
static __always_inline bool let_through(void *task)
{
	if (bpf_get_current_pid_tgid() >> 32 == tracer_pid)
		return false;
	if (filter_uid && (__u32)bpf_get_current_uid_gid() != wanted_uid)
		return false;
	if (filter_ppid && half_at(parent_of(task), layout.tgid) != wanted_ppid)
		return false;
	if (filter_cgroup && bpf_current_task_under_cgroup(&wanted_cgroup, 0) != 1)
		return false;
	if (filter_cgroup_map && !listed(&wanted_cgroups, bpf_get_current_cgroup_id()))
		return false;
	return true;
}

static __always_inline void describe_current(struct rec_actor *actor, void *task)
{
	void *parent = parent_of(task);
	__u64 uid_gid = bpf_get_current_uid_gid();

	/* Names of cgroups are not known here. */
	actor->place.unified = actor->place.id = bpf_get_current_cgroup_id();
	actor->place.hierarchy = CGROUP_UNIFIED;
	actor->place.pad = actor->pad = actor->sid = 0;
	actor->tty[0] = 0;
	actor->uid = uid_gid;
	actor->gid = uid_gid >> 32;
	actor->euid = actor->egid = actor->loginuid = actor->session = UNSET;
	actor->ns_pid = actor->pid_ns = actor->mnt_ns = 0;
	actor->cpu = bpf_get_smp_processor_id();
	bpf_get_current_comm(actor->comm, sizeof(actor->comm));
	actor->ppid = half_at(parent, layout.tgid);
	actor->parent_start = word_at(parent, layout.start);
	bpf_probe_read_kernel(actor->parent_comm, sizeof(actor->parent_comm), parent + layout.comm);
}

static __always_inline void *saved_regs(void *task)
{
	return (void *)word_at(task, layout.stack) + layout.regs;
}

/* Where the new image's arguments are. In a map, not in registers: see READ_U32. */
struct area {
	__u64 from, end;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct area);
} areas SEC(".maps");

#define READ_U64(x) (*(volatile __u64 *)&(x))

/* A word of the new image's stack; programs of 32 bits have smaller ones. */
static __always_inline long stack_word(__u64 sp, __u64 index, bool narrow, __u64 *word)
{
	__u32 half = 0;
	long err;

	if (!narrow)
		return bpf_probe_read_user(word, sizeof(*word), (void *)(sp + 8 * index));
	err = bpf_probe_read_user(&half, sizeof(half), (void *)(sp + 4 * index));
	*word = half;
	return err;
}

/* Without an environment, the arguments end where the copy of the file's name begins; the auxiliary
 * vector names that place. */
static __always_inline long find_file_name(__u64 sp, __u64 index, bool narrow, __u64 *place)
{
	for (int i = 0; i < AUXV_ENTRIES; i++) {
		__u64 type;

		if (stack_word(sp, index + 2 * i, narrow, &type))
			return -1;
		if (type == AT_EXECFN)
			return stack_word(sp, index + 2 * i + 1, narrow, place);
	}
	return -1;
}

/* When sched_process_exec fires, the new stack is ready, and the saved registers point at it: argc,
 * argv[], NULL, envp[], NULL, the auxiliary vector. The strings of all arguments lie in one block
 * from argv[0] on, those of the environment right after them. */
static __always_inline long find_args(void *task, struct area *area)
{
	void *regs = saved_regs(task);
	__u64 sp = word_at(regs, REG_SP), argc;
	bool narrow = false;

#ifdef REG_CS
	narrow = word_at(regs, REG_CS) == USER32_CS;
#endif
	if (stack_word(sp, 0, narrow, &argc) || stack_word(sp, 1, narrow, &area->from))
		return -1;
	if (!argc) { /* before 5.18 */
		area->from = area->end = 0;
		return 0;
	}
	if (stack_word(sp, argc + 2, narrow, &area->end))
		return -1;
	if (!area->end && find_file_name(sp, argc + 3, narrow, &area->end))
		return -1;
	return area->from <= area->end && area->end - area->from <= ARGS_MOST ? 0 : -1;
}

/* The first piece of the arguments goes into the record itself. */
static __always_inline __u64 add_args(struct rec_exec *rec, void *task, struct area *area)
{
	__u64 n;

	rec->args_total = rec->args_len = 0;
	if (find_args(task, area)) {
		area->from = area->end = 0;
		rec->flags |= EXEC_ARGS_UNREAD;
		COUNT(args_unread);
		return 0;
	}
	n = area->end - area->from;
	rec->args_total = n;
	if (n > ARGS_IN_FIRST)
		n = ARGS_IN_FIRST;
	if (bpf_probe_read_user(rec + 1, n, (void *)area->from)) {
		rec->flags |= EXEC_ARGS_UNREAD;
		COUNT(args_unread);
		return 0;
	}
	rec->args_len = n;
	return n;
}

enum { ARGS_ALL_SENT, ARGS_NO_ROOM, ARGS_NOT_READ };

static __always_inline int send_rest(void *ctx, struct rec_args *rec, struct area *area)
{
	for (int i = 0; i < ARGS_TURNS; i++) {
		__u64 from = READ_U64(area->from), n = READ_U64(area->end) - from;

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
		area->from = from + n;
		READ_U32(rec->offset) += n;
	}
	return ARGS_NO_ROOM;
}

/* Sends what did not fit into the exec record, and says so when that stops early. */
static __always_inline void send_continuations(void *ctx, struct rec_exec *exec, struct area *area)
{
	struct rec_args *rec = (void *)exec; /* the head stays as it is */
	__u32 tid = exec->actor.tid, sent = exec->args_len;
	int how;

	rec->head.type = RECORD_ARGS;
	rec->tid = tid;
	rec->offset = sent;
	rec->flags = 0;
	how = send_rest(ctx, rec, area);
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
	struct area *area;
	long name_len;
	__u32 zero = 0;

	COUNT(kind[KIND_EXEC].seen);
	area = bpf_map_lookup_elem(&areas, &zero);
	if (!rec || !area)
		return 0; /* cannot be: the maps have these slots */
	if (!let_through(task)) {
		COUNT(kind[KIND_EXEC].filtered);
		return 0;
	}
	rec->head.time = now_ns();
	rec->head.start = word_at(leader_of(task), layout.start);
	rec->head.type = RECORD_EXEC;
	rec->head.pid = bpf_get_current_pid_tgid() >> 32;
	describe_current(&rec->actor, task);
	rec->actor.tid = half_at(ctx, exec_old_pid);
	rec->inode = rec->maxrss_before = 0;
	rec->device = rec->links = rec->path_len = rec->cwd_len = rec->env_total = rec->pad = 0;
	rec->flags = EXEC_NO_FILE;
	first = add_args(rec, task, area);
	name_len = bpf_probe_read_kernel_str((char *)(rec + 1) + first, NAME_MAX_LEN,
		ctx + (half_at(ctx, exec_filename) & 0xffff));
	rec->name_len = name_len < 0 ? 0 : name_len;
	total = READ_U32(rec->args_len) + READ_U32(rec->name_len);
	if (total > SCRATCH_SIZE - sizeof(*rec))
		total = SCRATCH_SIZE - sizeof(*rec);
	if (emit(ctx, &rec->head, sizeof(*rec) + total)) {
		COUNT(kind[KIND_EXEC].ring_full);
		return 0;
	}
	area->from += first;
	if (!(rec->flags & EXEC_ARGS_UNREAD) && area->from < area->end)
		send_continuations(ctx, rec, area);
	return 0;
}

/* How many times walk_args may be called for one failed exec: 65,536 pieces in all. */
#define CLASSIC_WALKS 512

/* As flush_args in failed.bpf.h, but a perf buffer asks for the program's context, which a function
 * that is verified by itself cannot have. */
static __always_inline long flush(
	void *ctx, struct rec_failed *failed, struct walk *walk, __u32 flags)
{
	struct rec_args *args = (struct rec_args *)(failed + 1) - 1;
	__u32 fill = READ_U32(walk->fill);

	if (fill > FAILED_ROOM)
		return -1;
	walk->fill = 0;
	if (!walk->begun) {
		failed->args_len = fill - failed->name_len;
		failed->flags = flags;
		walk->sent = failed->args_len;
		walk->begun = 1;
		if (!emit(ctx, &failed->head, sizeof(*failed) + fill))
			return 0;
		COUNT(kind[KIND_FAILED].ring_full);
		return -1;
	}
	args->head = failed->head;
	args->head.type = RECORD_ARGS;
	args->offset = walk->sent;
	args->data_len = fill;
	args->flags = flags;
	args->tid = failed->actor.tid;
	walk->sent += fill;
	if (!emit(ctx, &args->head, sizeof(*args) + fill))
		return 0;
	COUNT(args_ring);
	return -1;
}

static __always_inline void walk_and_send(void *ctx, struct rec_failed *rec, struct walk *walk)
{
	for (int i = 0; i < CLASSIC_WALKS; i++) {
		int how = walk_args();

		if (how == WALK_GOES_ON)
			continue;
		if (how == WALK_BUFFER_FULL && !too_full()) {
			if (flush(ctx, rec, walk, 0))
				return;
			continue;
		}
		if (how == WALK_BUFFER_FULL)
			COUNT(args_ring);
		else if (how == WALK_STUCK)
			COUNT(args_unread);
		flush(ctx, rec, walk, how == WALK_COMPLETE ? ARGS_END | ARGS_COMPLETE : ARGS_END);
		return;
	}
	COUNT(args_many);
	flush(ctx, rec, walk, ARGS_END);
}

static __always_inline int report_failed(void *ctx, struct call *call)
{
	struct rec_failed *rec = scratch_for(SCRATCH_FAILED);
	void *task = (void *)bpf_get_current_task();
	struct walk *walk = the_walk();
	long name_len;

	COUNT(kind[KIND_FAILED].seen);
	if (!rec || !walk)
		return 0; /* cannot be: the maps have these slots */
	if (!let_through(task)) {
		COUNT(kind[KIND_FAILED].filtered);
		return 0;
	}
	rec->head.time = now_ns();
	rec->head.start = word_at(leader_of(task), layout.start);
	rec->head.type = RECORD_FAILED;
	rec->head.pid = bpf_get_current_pid_tgid() >> 32;
	describe_current(&rec->actor, task);
	rec->actor.tid = bpf_get_current_pid_tgid();
	rec->ret = call->ret;
	rec->dirfd = call->dirfd;
	rec->pad = 0;
	name_len = bpf_probe_read_user_str(rec + 1, PIECE, (void *)call->name);
	rec->name_len = name_len < 0 ? 0 : name_len;
	walk->slot = call->argv;
	walk->string = walk->sent = walk->begun = 0;
	walk->fill = rec->name_len;
	walk->narrow = 0;
	walk_and_send(ctx, rec, walk);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_execve")
int on_execve_exit(struct sys_exit_args *args)
{
	struct call call = {.dirfd = AT_FDCWD, .ret = args->ret};
	void *regs = saved_regs((void *)bpf_get_current_task());

	if (args->ret >= 0)
		return 0;
	call.name = word_at(regs, REG_ARG1);
	call.argv = word_at(regs, REG_ARG2);
	return report_failed(args, &call);
}

SEC("tracepoint/syscalls/sys_exit_execveat")
int on_execveat_exit(struct sys_exit_args *args)
{
	struct call call = {.ret = args->ret};
	void *regs = saved_regs((void *)bpf_get_current_task());

	if (args->ret >= 0)
		return 0;
	call.dirfd = word_at(regs, REG_ARG1);
	call.name = word_at(regs, REG_ARG2);
	call.argv = word_at(regs, REG_ARG3);
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
	rec.head.start = word_at(child, layout.start);
	rec.head.type = RECORD_FORK;
	rec.head.pid = half_at(child, layout.tgid);
	rec.creator_start = word_at(leader_of(creator), layout.start);
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

struct life {
	__u64 start;
	__u32 pid, pad;
};

/* Processes that have ended. Only used before 6.16: see exit.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct life);
	__type(value, __u8);
} ended SEC(".maps");

static __always_inline bool ends_process(struct raw_args *ctx, void *task, struct life *life)
{
	__u8 one = 1;

	if (exit_group_dead)
		return ctx->args[1] & 1;
	if (half_at((void *)word_at(task, layout.signal), layout.live))
		return false;
	return !bpf_map_update_elem(&ended, life, &one, BPF_NOEXIST);
}

/* How the process ended. Before 6.1 that depends on whether the threads left together or one by
 * one, which is not known here; so it is only known when the first and the last of them agree. */
static __always_inline void add_code(struct rec_exit *rec, void *task)
{
	rec->code = half_at(task, layout.exit_code);
	if (!layout.exit_code)
		rec->flags |= EXIT_NO_CODE;
	else if (!last_thread_tells && half_at(leader_of(task), layout.exit_code) != rec->code)
		rec->flags |= EXIT_NO_CODE;
}

SEC("raw_tracepoint/sched_process_exit")
int on_exit(struct raw_args *ctx)
{
	void *task = (void *)bpf_get_current_task(), *parent = parent_of(task);
	struct rec_exit rec = {.flags = EXIT_NO_COSTS};
	__u64 uid_gid = bpf_get_current_uid_gid();
	struct life life = {};

	life.start = word_at(leader_of(task), layout.start);
	life.pid = bpf_get_current_pid_tgid() >> 32;
	if (!ends_process(ctx, task, &life))
		return 0;
	COUNT(kind[KIND_EXIT].seen);
	if (!let_through(task)) {
		COUNT(kind[KIND_EXIT].filtered);
		return 0;
	}
	rec.head.time = now_ns();
	rec.head.start = life.start;
	rec.head.type = RECORD_EXIT;
	rec.head.pid = life.pid;
	rec.parent_start = word_at(parent, layout.start);
	rec.ppid = half_at(parent, layout.tgid);
	rec.place.unified = rec.place.id = bpf_get_current_cgroup_id();
	rec.uid = uid_gid;
	rec.gid = uid_gid >> 32;
	add_code(&rec, task);
	bpf_get_current_comm(rec.comm, sizeof(rec.comm));
	if (emit(ctx, &rec.head, sizeof(rec)))
		COUNT(kind[KIND_EXIT].ring_full);
	return 0;
}
