/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Notes execs that pass the point of no return. One of the two programs is attached. */
#pragma once
#include "prepared.h"

#define SIGSEGV 11

/* 6.10+: right before that point. The strings of the new image are in place: arguments, environment
 * and, last, the file's name. */
SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(on_prepare, struct task_struct *task, struct linux_binprm *bprm)
{
	__u32 args = bprm->argc;

	if (bprm->interp != bprm->filename)
		args |= PREPARED_SCRIPT;
	remember_prepared(task->tgid, args, bprm->exec - bprm->p);
	return 0;
}

/* Before 6.10: the signal with which the kernel ends such a process. Nothing else is known then. */
SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int signal, void *info, struct task_struct *task)
{
	if (signal == SIGSEGV && is_image_unfinished(true, task))
		remember_prepared(task->tgid, 0, 0);
	return 0;
}
