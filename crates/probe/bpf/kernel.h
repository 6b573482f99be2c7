/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The members of the kernel's structures that execsnoop reads.
 *
 * Offsets are not taken from here: every access is relocated by libbpf against the running kernel's
 * own BTF (CO-RE), so one object serves 5.10 to 7.x. A name with three underscores is a "flavor":
 * the same structure as another kernel version has it.
 */
#pragma once

/* bpf_tracing.h asks for the kernel's own register names. */
#define __VMLINUX_H__ 1

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u16 __sum16;
typedef int pid_t;
typedef unsigned long size_t;
typedef _Bool bool;

#define true 1
#define false 0

/* From include/uapi/linux/bpf.h. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_CGROUP_ARRAY = 8,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0 };

/*
 * A pointer that a plain load along typed pointers must not follow. The kernel declares it __rcu,
 * __user or __percpu. Where its BTF carries these words as type tags, the verifier refuses what is
 * behind it: "invalid mem access 'rcu_ptr_or_null_'". Kernels that Clang has built are such: those
 * of Android, Chrome OS, COS and CachyOS. Here, too, such a member is declared __rcu, so that the
 * compiler refuses a plain load through it; READ_TAGGED (common.h) reads it.
 *
 * Not so the members that the verifier knows to be safe (kernel/bpf/verifier.c, BTF_TYPE_SAFE_RCU,
 * BTF_TYPE_SAFE_TRUSTED; 6.4+, and before it took no offence). Of those that are read here:
 *
 *	task_struct		cgroups, real_parent, group_leader
 *	css_set			dfl_cgrp
 *	cgroup			kn
 *	cgroup_subsys_state	cgroup
 *	bpf_iter__task		meta, task
 *	bpf_iter_meta		seq
 *	linux_binprm		file
 *	file			f_inode
 *
 * In the list, but as one that may be NULL (BTF_TYPE_SAFE_RCU_OR_NULL): mm_struct's exe_file.
 * A member without a tag needs no list: task_struct's mm, fs, nsproxy, signal and thread_pid.
 */
#define __rcu __attribute__((noderef))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Only asked whether the running kernel has them (5.11+, 5.15+). */
enum bpf_func_id {
	BPF_FUNC_get_current_task_btf___known = 158,
	BPF_FUNC_task_pt_regs___known = 175,
};

struct qstr {
	const unsigned char *name;
};

struct super_block {
	unsigned int s_dev;
};

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
	const unsigned int i_nlink;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mnt_namespace;

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns; /* NULL: detached from all */
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
};

struct linux_binprm {
	struct file *file;
	const char *filename, *interp;
	unsigned long p, exec; /* in the new image: the first argument, the file's name */
	int argc;
	unsigned int secureexec : 1;
};

struct percpu_counter {
	__s64 count;
};

struct mm_struct {
	unsigned long arg_start, arg_end;
	unsigned long env_start, env_end;
	unsigned long hiwater_rss;
	struct file __rcu *exe_file;
	struct percpu_counter rss_stat[4]; /* 6.2+; before, another type */
};

struct ns_common {
	unsigned int inum;
};

struct task_struct;

struct pid_namespace {
	struct ns_common ns;
	struct task_struct *child_reaper; /* the first process in it */
};

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct kernfs_node {
	__u64 id;
	const char *name;
	struct kernfs_node *parent;
};

/* From 6.16 it goes by another name. */
struct kernfs_node___rcu {
	struct kernfs_node __rcu *__parent;
};

struct cgroup {
	int level; /* 0: the root of its hierarchy */
	struct kernfs_node *kn;
};

/* What a v1 hierarchy, or a controller in v2, keeps of a cgroup. */
struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

/* The numbers differ from kernel to kernel. */
enum cgroup_subsys_id { memory_cgrp_id = 4, pids_cgrp_id = 11 };

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

typedef struct {
	int counter;
} atomic_t;

struct list_head {
	struct list_head *next, *prev;
};

struct task_io_accounting {
	__u64 rchar, wchar, read_bytes, write_bytes;
};

struct tty_struct {
	char name[64];
};

enum { PIDTYPE_SID = 3 }; /* since 4.19 */

struct signal_struct {
	atomic_t live;
	struct list_head thread_head;
	struct pid *pids[4];
	struct tty_struct *tty;
	int group_exit_code;
	unsigned int flags;
	__u64 utime, stime;
	unsigned long long sum_sched_runtime;
	unsigned long nvcsw, nivcsw, min_flt, maj_flt;
	unsigned long maxrss;
	struct mm_struct *oom_mm; /* set by mark_oom_victim, and kept to the end (4.10+) */
	struct task_io_accounting ioac;
};

struct sched_entity {
	__u64 exec_start, sum_exec_runtime;
};

/* Only asked whether the running kernel's has it (6.16+). */
struct trace_event_raw_sched_process_exit {
	bool group_dead;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

typedef struct {
	unsigned int val;
} kuid_t;

typedef struct {
	unsigned int val;
} kgid_t;

struct fs_struct {
	struct path pwd;
};

struct cred {
	kuid_t uid, euid;
	kgid_t gid, egid;
};

struct thread_info {
	unsigned int status; /* x86 */
};

struct task_struct {
	struct thread_info thread_info;
	void *stack;
	unsigned int flags;
	struct sched_entity se;
	struct mm_struct *mm;
	int exit_code;
	pid_t pid, tgid;
	struct task_struct *real_parent, *group_leader;
	struct pid *thread_pid;
	struct list_head thread_node;
	__u64 utime, stime;
	unsigned long nvcsw, nivcsw;
	__u64 start_boottime;
	__u64 self_exec_id; /* 64 bits since 5.7 */
	unsigned long min_flt, maj_flt;
	const struct cred __rcu *cred;
	char comm[16];
	struct fs_struct *fs;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	kuid_t loginuid;
	unsigned int sessionid;
	struct css_set *cgroups;
	struct task_io_accounting ioac;
};

#if defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31], sp, pc, pstate;
	__u64 orig_x0;
	__s32 syscallno;
};
struct user_pt_regs {
	__u64 regs[31], sp, pc, pstate;
};
#else
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip,
		cs, flags, sp, ss;
};
#endif

#pragma clang attribute pop
