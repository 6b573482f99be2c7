/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel side sends, byte for byte: the one definition that both sides use. The Rust side
 * takes its types from the skeleton that is made from this file; nothing is mirrored by hand.
 *
 * Fixed-width types only, every gap spelt out as `pad`, every size asserted here and in ring.rs.
 * Times are CLOCK_BOOTTIME in ns. pids are those of the initial pid namespace. A process is
 * (pid, start): pid numbers come back, start times do not.
 *
 * A value that the classic backend does not know is one that no known value has: ~0 for users and
 * groups, 0 for ns_pid, cgroup and the inodes of namespaces. For others, a flag marks it.
 */
#pragma once

enum record_type {
	RECORD_EXEC = 1,   /* struct rec_exec, then arguments and environment, file name, paths */
	RECORD_ARGS = 2,   /* struct rec_args, then the next piece of an exec's arguments */
	RECORD_FAILED = 3, /* struct rec_failed, then file name, arguments */
	RECORD_FORK = 4,   /* struct rec_fork */
	RECORD_EXIT = 5,   /* struct rec_exit */
	RECORD_FREED = 6,  /* struct rec_freed */
	RECORD_CGROUP = 7, /* struct rec_cgroup, then names */
};

/* What is counted apart. */
enum event_kind {
	KIND_EXEC = 0,
	KIND_FAILED = 1,
	KIND_FORK = 2,
	KIND_EXIT = 3,
	KIND_FREED = 4,
	KIND_COUNT = 5,
};

/* seen = sent + filtered + ring_full, always, for each kind. */
struct kind_counters {
	__u64 seen;	 /* before any filter */
	__u64 filtered;	 /* refused by a filter in the kernel */
	__u64 ring_full; /* lost: the ring had no room */
};

struct counters {
	struct kind_counters kind[KIND_COUNT];
	__u64 args_ring;    /* execs sent without all arguments: the ring was too full */
	__u64 args_unread;  /* execs sent without all arguments: their memory could not be read */
	__u64 args_many;    /* failed execs sent without all arguments: there were too many */
	__u64 env_ring;	    /* execs sent with all arguments, but without the environment that was
			       asked for: the ring was too full */
	__u64 env_unread;   /* the same: its memory could not be read */
	__u64 cgroups_ring; /* names of cgroups not sent: the ring was too full. They are tried
			       again */
	__u64 ring_high;    /* most bytes seen waiting in the ring */
	__u64 woken;	    /* when the reader was last woken, ns */
};

struct rec_header {
	__u64 time;
	__u64 start; /* of the process, which is when it was forked */
	__u32 type;  /* enum record_type */
	__u32 pid;   /* of the process (tgid) */
};
_Static_assert(sizeof(struct rec_header) == 24, "struct rec_header has a hidden gap");

/* cgroup v1 has a hierarchy for each controller, and in each of them a process has a place. */
enum cgroup_hierarchy {
	CGROUP_UNIFIED = 0, /* v2 */
	CGROUP_MEMORY = 1,  /* v1's, of this controller */
	CGROUP_PIDS = 2,
};

/* Where a process is. Numbers (kernfs ids) are only unique within a hierarchy. */
struct rec_cgroup_ref {
	__u64 unified;	 /* in the v2 hierarchy */
	__u64 id;	 /* in the hierarchy that tells most: what RECORD_CGROUP gives names to */
	__u32 hierarchy; /* that one: enum cgroup_hierarchy */
	__u32 pad;
};
_Static_assert(sizeof(struct rec_cgroup_ref) == 24, "struct rec_cgroup_ref has a hidden gap");

/* names_len of a cgroup whose names are too many. */
#define NAMES_CUT (~0u)

/* The names on a cgroup's path. Sent before the first event of that cgroup. */
struct rec_cgroup {
	struct rec_header head; /* start: none */
	__u64 id;
	__u32 hierarchy;
	__u32 names_len; /* names that follow, leaf first, each with its NUL; the root has none */
};
_Static_assert(sizeof(struct rec_cgroup) == 40, "struct rec_cgroup has a hidden gap");

/* Who did it: what exec and failed exec have in common. */
struct rec_task {
	__u64 parent_start;
	struct rec_cgroup_ref place;
	__u32 ppid;
	__u32 tid; /* the thread that called exec */
	__u32 uid, euid, gid, egid;
	__u32 loginuid, session; /* ~0: not set, or the kernel does not keep them */
	__u32 ns_pid;		 /* pid in the process's own pid namespace */
	__u32 pid_ns, mnt_ns;	 /* inode numbers of the namespaces */
	__u32 cpu;
	__u32 sid; /* the session's leader */
	__u32 pad;
	__u8 comm[16], parent_comm[16];
	__u8 tty[16]; /* name of the controlling terminal's device; empty: none */
};
_Static_assert(sizeof(struct rec_task) == 136, "struct rec_task has a hidden gap");

enum exec_flags {
	EXEC_SCRIPT = 1, /* an interpreter was put before the file that was named */
	EXEC_SECURE = 2, /* AT_SECURE: set-uid, set-gid or file capabilities took effect */
	EXEC_ARGS_UNREAD =
		4,	    /* args_len is less than it should be: memory that could not be read */
	EXEC_PATH_CUT = 8,  /* the path is not whole: it has too many names */
	EXEC_CWD_CUT = 16,  /* nor is that of the working directory */
	EXEC_CWD_ROOT = 32, /* that is the root, on the way to which there are no names */
	EXEC_ENV = 64,	    /* the environment is behind the arguments */
	EXEC_NO_FILE = 128, /* inode, device, links and maxrss_before are not known */
	/* Where the path ends, if not at the root of the first process's mount namespace: at that
	 * of the process's own, or anywhere else (a detached mount, another process's namespace,
	 * memory). The same of the working directory. */
	EXEC_PATH_OWN_ROOT = 256,
	EXEC_PATH_NO_ROOT = 512,
	EXEC_CWD_OWN_ROOT = 1024,
	EXEC_CWD_NO_ROOT = 2048,
};

/* Execs are numbered: one more than the last exec of the process, or of its creator before the
 * fork. So a missing one is noticed. 0 is for who does not know. */
struct rec_exec {
	struct rec_header head;
	struct rec_task task_info;
	__u64 inode;	     /* of the file that runs */
	__u64 maxrss_before; /* pages: peak inherited from before the exec */
	__u32 device;	     /* kernel's dev_t: major << 20 | minor */
	__u32 links;	     /* 0: deleted, or never had a name */
	__u32 flags;	     /* enum exec_flags */
	__u32 args_total;    /* bytes of arguments that the new image has */
	__u32 env_total;     /* bytes of environment right behind them (EXEC_ENV) */
	__u32 args_len;	     /* bytes of both in this record; RECORD_ARGS follow for the rest */
	__u32 name_len;	     /* file name as given, with its NUL */
	__u32 path_len; /* names on the path of the file that runs, leaf first, each with its NUL */
	__u32 cwd_len;	/* the same of the working directory; 0: not asked for, or the root */
	__u32 exec_number; /* this exec's */
};
_Static_assert(sizeof(struct rec_exec) == 216, "struct rec_exec has a hidden gap");

enum args_flags {
	ARGS_END = 1,	   /* nothing more will come */
	ARGS_COMPLETE = 2, /* with ARGS_END: a failed exec's list was read to its end */
};

struct rec_args {
	struct rec_header head;
	__u32 offset;	/* in bytes, in what all records of this exec carry */
	__u32 data_len; /* bytes that follow */
	__u32 flags;	/* enum args_flags */
	__u32 tid;	/* the thread that called exec */
};
_Static_assert(sizeof(struct rec_args) == 40, "struct rec_args has a hidden gap");

/* The arguments of a failed exec are still the caller's: each is read by its own pointer, and some
 * of them may lie in pages that were never touched. */
enum failed_arg {
	ARG_WHOLE = 1,	/* the string follows, with its NUL */
	ARG_PIECE = 2,	/* a piece of a long string, with a NUL; the next entry goes on with it */
	ARG_UNREAD = 3, /* nothing follows */
};

/* An exec that failed when the caller's memory was gone already, and the kernel ends the process.
 * Name and arguments are then those in the memory of the new image. */
enum failed_image {
	FAILED_FATAL = 1,
	FAILED_BY_PATH = 2,  /* instead of the file's name there are names on its path, leaf first,
			      * each with its NUL: what was given is not known */
	FAILED_PATH_CUT = 4, /* as EXEC_PATH_CUT, and so on */
	FAILED_PATH_OWN_ROOT = 8,
	FAILED_PATH_NO_ROOT = 16,
	FAILED_SCRIPT = 32,
};

/* When not ARGS_END, RECORD_ARGS follow with more entries, the last of them with ARGS_END. */
struct rec_failed {
	struct rec_header head;
	struct rec_task task_info;
	__s32 ret;	/* -errno */
	__s32 dirfd;	/* execveat's first argument; AT_FDCWD for execve */
	__u32 name_len; /* file name as given, with its NUL; 0: it could not be read */
	__u32 args_len; /* bytes of entries here: enum failed_arg in one byte, then its string */
	__u32 flags;	/* enum args_flags */
	__u32 image;	/* enum failed_image */
};
_Static_assert(sizeof(struct rec_failed) == 184, "struct rec_failed has a hidden gap");

enum fork_flags {
	FORK_VFORK = 1,	    /* the creator sleeps until the child has called exec or ended */
	FORK_BY_TRACER = 2, /* the creator is the process that loaded these programs */
	FORK_PID_NS = 4,    /* the child is the first of a new pid namespace */
};

struct rec_fork {
	struct rec_header head; /* of the child */
	__u64 creator_start;
	__u32 creator_pid, creator_tid;
	__u32 ns_pid;
	__u32 flags;	   /* enum fork_flags */
	__u32 exec_number; /* of the creator's last exec, whose image the child has */
	__u32 pad;
};
_Static_assert(sizeof(struct rec_fork) == 56, "struct rec_fork has a hidden gap");

enum exit_flags {
	EXIT_IO = 1,	    /* the kernel keeps I/O accounts */
	EXIT_MM = 2,	    /* image_rss is known (6.16+) */
	EXIT_CUT = 4,	    /* more threads were alive than were added up: times are too low */
	EXIT_NO_COSTS = 8,  /* runtime to write_chars are not known */
	EXIT_NO_CODE = 16,  /* code is not known */
	EXIT_OOM = 32,	    /* the kernel has chosen it as a victim because memory was short */
	EXIT_NO_OOM = 64,   /* whether it has is not known */
	EXIT_BY_EXEC = 128, /* it ended in an exec that failed when the old program was gone: comm
			     * is the name of the one that did not begin */
};

/* All figures are totals of the process's threads, from its fork on. */
struct rec_exit {
	struct rec_header head;
	__u64 parent_start;
	struct rec_cgroup_ref place;
	__u64 runtime;	    /* ns on a CPU, with an estimate of the slice that is not over yet */
	__u64 utime, stime; /* ns by clock ticks: good for their ratio only */
	__u64 max_rss;	    /* pages: the process's peak, what it had before exec among it */
	__u64 image_rss;    /* pages: this image's own peak, at least */
	__u64 minor_faults, major_faults;
	__u64 voluntary, involuntary;  /* context switches */
	__u64 read_bytes, write_bytes; /* to and from storage */
	__u64 read_chars, write_chars; /* by system calls */
	__u32 ppid;
	__u32 uid, gid;
	__u32 code;  /* as wait() gives it: status << 8 | core << 7 | signal */
	__u32 flags; /* enum exit_flags */
	__u32 ns_pid;
	__u32 exec_number; /* of its last exec */
	__u32 pad;
	__u8 comm[16];
};
_Static_assert(sizeof(struct rec_exit) == 208, "struct rec_exit has a hidden gap");

/* The process is reaped, and its accounts are closed. */
struct rec_freed {
	struct rec_header head;
	__u64 runtime, utime, stime; /* as in rec_exit, but final */
};
_Static_assert(sizeof(struct rec_freed) == 48, "struct rec_freed has a hidden gap");

/* A process that was there when tracing began; not a record of the ring, but what the iterator
 * writes. */
struct rec_existing {
	struct rec_header head; /* the time is that of the look */
	__u64 parent_start;
	struct rec_cgroup_ref place;
	__u32 ppid;
	__u32 uid, gid;
	__u32 ns_pid;
	__u32 seen_pid;	   /* the pid by which the tracer knows it, 0 when it cannot see it */
	__u32 exec_number; /* of its last exec */
	__u8 comm[16];
};
_Static_assert(sizeof(struct rec_existing) == 96, "struct rec_existing has a hidden gap");
