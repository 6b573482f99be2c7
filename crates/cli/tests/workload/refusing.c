/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Machines that forbid, as containers and services do: by a seccomp filter. */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a filter does with a call that it forbids. */
static const struct {
	const char *name;
	unsigned int action;
} answers[] = {
	{"EPERM", SECCOMP_RET_ERRNO | EPERM},
	{"ENOSYS", SECCOMP_RET_ERRNO | ENOSYS},
	{"kill", SECCOMP_RET_KILL_PROCESS},
};

static const struct {
	const char *name;
	unsigned int number;
} calls[] = {
	{"bpf", SYS_bpf},
	{"perf_event_open", SYS_perf_event_open},
};

static void forbid(unsigned int call, unsigned int action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof(code) / sizeof(*code), code};

	/* A filter takes either this or CAP_SYS_ADMIN; no_new_privs would be seen by the subject.
	 */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
			die("seccomp");
	}
}

/* forbidden CALL ANSWER PROGRAM [ARGS...]: executes the program under a filter that gives this
 * answer to this system call. */
int case_forbidden(char **args)
{
	long call = -1, answer = -1;

	if (!args[0] || !args[1] || !args[2])
		return 2;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(calls[i].name, args[0]))
			call = calls[i].number;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		if (!strcmp(answers[i].name, args[1]))
			answer = answers[i].action;
	if (call < 0 || answer < 0)
		return 2;
	forbid(call, answer);
	execvp(args[2], args + 2);
	die(args[2]);
}
