/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The path of a file or a directory, from the kernel's own tables. */
#pragma once
#include "common.h"

#define PATH_STEPS 256
#define PATH_NAME  256 /* NAME_MAX and its NUL */

/* What a path is relative to, or that it is not whole. */
enum path_end { PATH_AT_ROOT, PATH_AT_OWN_ROOT, PATH_AT_NO_ROOT, PATH_CUT };

/* What add_path returns: where the path ends, and how long it is. */
#define PATH_END(path)	  ((path) >> 16)
#define PATH_LENGTH(path) ((path)&0xffff)

/* While a path is added, its length stands at the end of the buffer. */
#define LENGTH_SO_FAR(buffer) READ_U32(*(__u32 *)((buffer) + SCRATCH_SIZE - sizeof(__u32)))
#define PATH_LIMIT	      (SCRATCH_SIZE - sizeof(__u32) - PATH_NAME)

/* The mount namespace of the machine's first process, once it was asked for. */
__u64 first_mnt_ns;

static __always_inline __u64 first_mount_namespace(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);

	if (!first_mnt_ns)
		first_mnt_ns =
			(__u64)BPF_CORE_READ(pid, numbers[0].ns, child_reaper, nsproxy, mnt_ns);
	return first_mnt_ns;
}

/* Where a path ends that has come to the root of this mount, which is mounted nowhere. */
static __always_inline __u32 end_at(struct mount *mount)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 ns = (__u64)BPF_CORE_READ(mount, mnt_ns);

	if (ns && ns == first_mount_namespace(task))
		return PATH_AT_ROOT;
	if (ns && ns == (__u64)BPF_CORE_READ(task, nsproxy, mnt_ns))
		return PATH_AT_OWN_ROOT;
	return PATH_AT_NO_ROOT;
}

/* Writes the names on the way from there to the root of the mount namespace, leaf first, into a
 * scratch buffer, and counts their bytes. Returns where it ended: enum path_end. */
static __always_inline __u32 walk_path(
	struct dentry *at, struct vfsmount *vfs, char *buffer, __u32 start)
{
	struct mount *mount = (void *)vfs - bpf_core_field_offset(struct mount, mnt);
	struct dentry *root = BPF_CORE_READ(vfs, mnt_root);

	for (int i = 0; i < PATH_STEPS; i++) {
		__u32 offset;
		struct dentry *up;
		long n;

		if (at == root) { /* of this mount: go on where it is mounted */
			struct mount *outer = BPF_CORE_READ(mount, mnt_parent);

			if (outer == mount || !outer)
				return end_at(mount);
			at = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = outer;
			root = BPF_CORE_READ(mount, mnt.mnt_root);
			continue;
		}
		offset = start + LENGTH_SO_FAR(buffer);
		if (offset > PATH_LIMIT)
			return PATH_CUT;
		n = bpf_probe_read_kernel_str(
			buffer + offset, PATH_NAME, BPF_CORE_READ(at, d_name.name));
		if (n > 0)
			LENGTH_SO_FAR(buffer) += n;
		up = BPF_CORE_READ(at, d_parent);
		if (up == at) /* a memfd: a name that hangs nowhere */
			return PATH_AT_NO_ROOT;
		at = up;
	}
	return PATH_CUT;
}

/* Adds a path to a scratch buffer that is filled up to `start`: its end and its length, as above.
 */
SUBPROG int add_path(__u64 dentry, __u64 mount, __u32 slot, __u32 start)
{
	char *buffer = scratch_for(slot);
	__u32 end, length;

	if (!buffer || start > PATH_LIMIT)
		return PATH_CUT << 16;
	LENGTH_SO_FAR(buffer) = 0;
	end = walk_path((void *)dentry, (void *)mount, buffer, start);
	length = LENGTH_SO_FAR(buffer);
	return end << 16 | (length & 0xffff);
}
