/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a process is among the cgroups: what tells services and containers apart.
 *
 * An event carries numbers only. The names on the path of a cgroup are sent once, before the first
 * event from there, so that a container that lives for 12 ms is named as well: it would be gone
 * from the file system before the reader could look for it. When the reader forgets names, it
 * begins a new round, and each name is sent once more.
 */
#pragma once
#include "common.h"

const volatile bool want_cgroup = true; /* the names; the v2 number is always there */
/* Of these controllers the machine has v1 hierarchies. */
const volatile bool memory_is_v1 = false;
const volatile bool pids_is_v1 = false;

#define CGROUP_LEVELS 256
#define CGROUP_NAME   256  /* NAME_MAX and its NUL */
#define CGROUP_ROOM   4096 /* for names: PATH_MAX, which no path that /proc can show exceeds */

struct cgroup_key {
	__u64 id;
	__u64 hierarchy;
};

/* Raised by the reader when it forgets names. */
__u32 names_round;

/* Cgroups whose names were sent, and in which round that was. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct cgroup_key);
	__type(value, __u32);
} named_cgroups SEC(".maps");

/* The last of them that was asked for, of those in the v2 hierarchy, and the round. The next event
 * is mostly from there too, and then nothing need be looked up. */
__u64 last_named;

/* Both in one word, which CPUs write whole. No two cgroups that exist have the same lower half of
 * the number (fs/kernfs/dir.c), which stays as it is. */
static __always_inline __u64 in_round(__u64 id, __u32 round)
{
	return id ^ (__u64)round << 32;
}

const volatile bool excludes_cgroups = false; /* the reader may add to excluded_cgroup */

/* Cgroups of which the reader has said that it wants nothing. It learns who they are from their
 * names; what then still comes from there need not bother it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct cgroup_key);
	__type(value, __u8);
} excluded_cgroup SEC(".maps");

static __always_inline bool cgroup_excluded(const struct rec_cgroup_ref *place)
{
	struct cgroup_key key = {.id = place->id, .hierarchy = place->hierarchy};

	return excludes_cgroups && bpf_map_lookup_elem(&excluded_cgroup, &key);
}

struct cgroup_record {
	struct rec_cgroup fixed;
	char names[CGROUP_ROOM + CGROUP_NAME];
};

/* Adds the names from this cgroup up to the root of its hierarchy, whose own name is empty. */
static __always_inline void add_names(struct cgroup_record *rec, struct kernfs_node *node)
{
	for (int i = 0; i <= CGROUP_LEVELS; i++) { /* the root is one more */
		struct kernfs_node___rcu *rcu = (void *)node;
		__u32 used = READ_U32(rec->fixed.names_len);
		struct kernfs_node *up;
		long n;

		if (bpf_core_field_exists(rcu->__parent))
			up = READ_TAGGED(rcu, __parent);
		else
			up = BPF_CORE_READ(node, parent);
		if (!up)
			return;
		if (used > CGROUP_ROOM)
			break;
		n = bpf_probe_read_kernel_str(
			rec->names + used, CGROUP_NAME, BPF_CORE_READ(node, name));
		if (n > 0)
			READ_U32(rec->fixed.names_len) = used + n;
		node = up;
	}
	rec->fixed.names_len = NAMES_CUT; /* half a path would be a wrong one */
}

/* Sends the names of a cgroup, unless that was done in this round. Returns 1 when it could not be.
 */
SUBPROG int name_cgroup(__u64 node_address, __u64 id, __u32 hierarchy, __u32 round)
{
	struct cgroup_key key = {.id = id, .hierarchy = hierarchy};
	__u32 *sent = bpf_map_lookup_elem(&named_cgroups, &key);
	struct cgroup_record *rec;
	__u64 now;

	if (sent && *sent == round)
		return 0;
	rec = bpf_ringbuf_reserve(&ring, sizeof(*rec), 0);
	if (!rec) {
		COUNT(cgroups_ring);
		return 1;
	}
	now = bpf_ktime_get_boot_ns();
	rec->fixed.head.time = now;
	rec->fixed.head.start = 0;
	rec->fixed.head.type = RECORD_CGROUP;
	rec->fixed.head.pid = bpf_get_current_pid_tgid() >> 32;
	rec->fixed.id = id;
	rec->fixed.hierarchy = hierarchy;
	rec->fixed.names_len = 0;
	add_names(rec, (void *)node_address);
	bpf_ringbuf_submit(rec, wake_flag(now));
	/* Not through `sent`: that entry may be another cgroup's by now. */
	bpf_map_update_elem(&named_cgroups, &key, &round, BPF_ANY);
	return 0;
}

/* A process's cgroup in the v1 hierarchy of a controller; NULL when it is at the root there, which
 * tells nothing. */
static __always_inline struct cgroup *cgroup_in_v1(struct task_struct *task, __u32 controller)
{
	void *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *state = NULL;
	struct cgroup *cgroup;

	bpf_probe_read_kernel(&state, sizeof(state),
		set + bpf_core_field_offset(struct css_set, subsys) + controller * sizeof(state));
	cgroup = BPF_CORE_READ(state, cgroup);
	return BPF_CORE_READ(cgroup, level) > 0 ? cgroup : NULL;
}

/* The most telling hierarchy is a v1 one where there is one: on machines that have both, container
 * runtimes make their cgroups there. */
static __always_inline struct cgroup *preferred_v1_cgroup(
	struct task_struct *task, __u32 *hierarchy)
{
	struct cgroup *cgroup = NULL;

	if (memory_is_v1 && bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id)) {
		*hierarchy = CGROUP_MEMORY;
		cgroup = cgroup_in_v1(
			task, bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
	}
	if (!cgroup && pids_is_v1 &&
		bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id)) {
		*hierarchy = CGROUP_PIDS;
		cgroup = cgroup_in_v1(
			task, bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
	}
	return cgroup;
}

/* Where a process is, and its name sent. */
static __always_inline void current_cgroup(
	bool typed, struct rec_cgroup_ref *place, struct task_struct *task)
{
	struct cgroup *cgroup = FETCH(typed, task, cgroups, dfl_cgrp), *v1;
	__u32 round = READ_U32(names_round);
	struct kernfs_node *node;

	place->unified = place->id = FETCH(typed, cgroup, kn, id);
	place->hierarchy = CGROUP_UNIFIED;
	place->pad = 0;
	if (!want_cgroup)
		return;
	if ((memory_is_v1 || pids_is_v1) && (v1 = preferred_v1_cgroup(task, &place->hierarchy))) {
		node = BPF_CORE_READ(v1, kn);
		place->id = BPF_CORE_READ(node, id);
		name_cgroup((__u64)node, place->id, place->hierarchy, round);
		return;
	}
	place->hierarchy = CGROUP_UNIFIED;
	if (last_named == in_round(place->id, round))
		return;
	node = BPF_CORE_READ(cgroup, kn); /* by a helper: the function takes no typed pointer */
	if (!name_cgroup((__u64)node, place->id, place->hierarchy, round))
		last_named = in_round(place->id, round);
}
