/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The core backend: one object for every kernel with BTF and ring buffers, 5.10 to 7.x. */
#include "exec.bpf.h"
#include "exit.bpf.h"
#include "failed.bpf.h"
#include "fork.bpf.h"
#include "existing.bpf.h"
#include "prepared.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* One of each, so that the skeleton has their types and their numbers. */
struct {
	struct rec_exec exec;
	struct rec_args args;
	struct rec_failed failed;
	struct rec_fork fork;
	struct rec_exit exit;
	struct rec_freed freed;
	struct rec_existing running;
	struct rec_cgroup cgroup;
	enum cgroup_hierarchy cgroup_hierarchy;
	enum record_type record_type;
	enum event_kind event_kind;
	enum exec_flags exec_flags;
	enum args_flags args_flags;
	enum failed_arg failed_arg;
	enum failed_image failed_image;
	enum fork_flags fork_flags;
	enum exit_flags exit_flags;
} skeleton_types;
