/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who does something, and whether anybody wants to know. */
#pragma once
#include "cgroup.h"
#include "common.h"

/* Whether the filters that run in the kernel let this process through; if so, its place is found.
 */
static __always_inline bool wanted(bool typed, struct task_struct *task, struct rec_place *place)
{
	if (pid_for_tracer(typed, task) == tracer_pid)
		return false;
	if (filter_uid && (__u32)bpf_get_current_uid_gid() != wanted_uid)
		return false;
	if (filter_ppid && pid_for_tracer(typed, FETCH(typed, task, real_parent)) != wanted_ppid)
		return false;
	if (filter_cgroup && bpf_current_task_under_cgroup(&wanted_cgroup, 0) != 1)
		return false;
	find_place(typed, place, task);
	if (filter_cgroup_map && !listed(&wanted_cgroups, place->unified))
		return false;
	if (refused(place))
		return false;
	if (filter_mntns_map &&
		!listed(&wanted_mntns, FETCH(typed, task, nsproxy, mnt_ns, ns.inum)))
		return false;
	return true;
}

const volatile bool want_session = true;

/* The controlling terminal and the session. */
static __always_inline void describe_session(
	bool typed, struct rec_actor *actor, struct task_struct *task)
{
	struct signal_struct *signal = FETCH(typed, task, signal);
	struct pid *leader = FETCH(typed, signal, pids[PIDTYPE_SID]);
	struct tty_struct *tty = FETCH(typed, signal, tty);

	actor->sid = FETCH(typed, leader, numbers[0].nr);
	actor->tty[0] = 0;
	if (tty)
		bpf_probe_read_kernel_str(actor->tty, sizeof(actor->tty),
			__builtin_preserve_access_index(&tty->name));
}

static __always_inline void describe_actor(bool typed, struct rec_actor *actor,
	struct task_struct *task, const struct rec_place *place)
{
	struct task_struct *parent = FETCH(typed, task, real_parent, group_leader);
	__u64 uid_gid = bpf_get_current_uid_gid();

	actor->place = *place;
	actor->uid = uid_gid;
	actor->gid = uid_gid >> 32;
	actor->euid = FETCH(typed, task, cred, euid.val);
	actor->egid = FETCH(typed, task, cred, egid.val);
	actor->loginuid = actor->session = UNSET;
	if (bpf_core_field_exists(task->loginuid)) {
		actor->loginuid = FETCH(typed, task, loginuid.val);
		actor->session = FETCH(typed, task, sessionid);
	}
	actor->ns_pid = ns_pid(typed, FETCH(typed, task, group_leader, thread_pid), &actor->pid_ns);
	actor->mnt_ns = FETCH(typed, task, nsproxy, mnt_ns, ns.inum);
	actor->cpu = bpf_get_smp_processor_id();
	actor->sid = actor->pad = 0;
	actor->tty[0] = 0;
	if (want_session)
		describe_session(typed, actor, task);
	bpf_get_current_comm(actor->comm, sizeof(actor->comm));
	actor->ppid = FETCH(typed, parent, tgid);
	actor->parent_start = FETCH(typed, parent, start_boottime);
	bpf_probe_read_kernel(actor->parent_comm, sizeof(actor->parent_comm), parent->comm);
}
