/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who does something, and whether anybody wants to know. */
#pragma once
#include "cgroup.h"
#include "common.h"

/* Whether the filters that run in the kernel let this process through; if so, its place is found.
 */
static __always_inline bool passes_filters(
	bool typed, struct task_struct *task, struct rec_cgroup_ref *place)
{
	if (pid_for_tracer(typed, task) == tracer_pid)
		return false;
	if (filter_uid && (__u32)bpf_get_current_uid_gid() != wanted_uid)
		return false;
	if (filter_ppid && pid_for_tracer(typed, FETCH(typed, task, real_parent)) != wanted_ppid)
		return false;
	if (filter_cgroup && bpf_current_task_under_cgroup(&wanted_cgroup, 0) != 1)
		return false;
	current_cgroup(typed, place, task);
	if (filter_cgroup_map && !in_user_map(&wanted_cgroups, place->unified))
		return false;
	if (cgroup_excluded(place))
		return false;
	if (filter_mntns_map &&
		!in_user_map(&wanted_mntns, FETCH(typed, task, nsproxy, mnt_ns, ns.inum)))
		return false;
	return true;
}

const volatile bool want_session = true;

/* The controlling terminal and the session. */
static __always_inline void describe_session(
	bool typed, struct rec_task *task_info, struct task_struct *task)
{
	struct signal_struct *signal = FETCH(typed, task, signal);
	struct pid *leader = FETCH(typed, signal, pids[PIDTYPE_SID]);
	struct tty_struct *tty = FETCH(typed, signal, tty);

	task_info->sid = FETCH(typed, leader, numbers[0].nr);
	task_info->tty[0] = 0;
	if (tty)
		bpf_probe_read_kernel_str(task_info->tty, sizeof(task_info->tty),
			__builtin_preserve_access_index(&tty->name));
}

static __always_inline void describe_task(bool typed, struct rec_task *task_info,
	struct task_struct *task, const struct rec_cgroup_ref *place)
{
	struct task_struct *parent = FETCH(typed, task, real_parent, group_leader);
	const struct cred *cred = READ_TAGGED(task, cred);
	__u64 uid_gid = bpf_get_current_uid_gid();

	task_info->place = *place;
	task_info->uid = uid_gid;
	task_info->gid = uid_gid >> 32;
	task_info->euid = BPF_CORE_READ(cred, euid.val);
	task_info->egid = BPF_CORE_READ(cred, egid.val);
	task_info->loginuid = task_info->session = UNSET;
	if (bpf_core_field_exists(task->loginuid)) {
		task_info->loginuid = FETCH(typed, task, loginuid.val);
		task_info->session = FETCH(typed, task, sessionid);
	}
	task_info->ns_pid =
		ns_pid(typed, FETCH(typed, task, group_leader, thread_pid), &task_info->pid_ns);
	task_info->mnt_ns = FETCH(typed, task, nsproxy, mnt_ns, ns.inum);
	task_info->cpu = bpf_get_smp_processor_id();
	task_info->sid = task_info->pad = 0;
	task_info->tty[0] = 0;
	if (want_session)
		describe_session(typed, task_info, task);
	bpf_get_current_comm(task_info->comm, sizeof(task_info->comm));
	task_info->ppid = FETCH(typed, parent, tgid);
	task_info->parent_start = FETCH(typed, parent, start_boottime);
	bpf_probe_read_kernel(task_info->parent_comm, sizeof(task_info->parent_comm), parent->comm);
}
