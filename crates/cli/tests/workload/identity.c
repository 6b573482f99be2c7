/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Execs of which it matters whose they are, and from where: cgroups, directories, environments. */
#define _GNU_SOURCE
#include "workload.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIG_VALUE 1000

/* Like fork, but the child begins in that cgroup of version 2 (Linux 5.7). */
static pid_t fork_into(int cgroup)
{
	struct clone_args how = {
		.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)cgroup};

	return syscall(SYS_clone3, &how, sizeof(how));
}

/* Makes a cgroup, runs `noop NAME` in it, and removes it. */
static int live_shortly(const char *dir, char *name)
{
	char path[PATH_MAX], *list[] = {"noop", name, NULL};
	int cgroup;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (mkdir(path, 0755))
		die(path);
	cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid = fork_into(cgroup);
	if (!pid) {
		execve(self, list, image_env);
		_exit(127);
	}
	if (pid > 0)
		wait_for(pid);
	close(cgroup);
	if (rmdir(path))
		die(path);
	return pid < 0 ? EXIT_CANNOT : 0;
}

/* containers DIR COUNT: COUNT containers, one after another. The id of each is its number. */
int case_containers(char **args)
{
	long count = number(args[1], 1);
	char name[65];
	int ret = 0;

	for (long i = 0; i < count && !ret; i++) {
		snprintf(name, sizeof(name), "%064lx", i);
		ret = live_shortly(args[0], name);
	}
	return ret;
}

/* fexecve-deleted FILE MARK: a program whose file is gone when it begins. */
int case_fexecve_deleted(char **args)
{
	char *list[] = {"ghost", args[1], NULL};
	int file = open(args[0], O_RDONLY | O_CLOEXEC);

	if (file < 0 || unlink(args[0]))
		die(args[0]);
	fexecve(file, list, image_env);
	die("fexecve");
}

/* vfork-in DIR MARK: a child that shares all memory with its parent, but not the directory. */
int case_vfork_in(char **args)
{
	char *list[] = {"noop", args[1], NULL};
	pid_t pid = vfork();

	if (pid < 0)
		die("vfork");
	if (!pid) {
		if (chdir(args[0]))
			_exit(126);
		execve(self, list, image_env);
		_exit(127);
	}
	wait_for(pid);
	return 0;
}

/* odd-env MARK: what an environment can hold that is no name with a value, and a name that is there
 * twice. */
int case_odd_env(char **args)
{
	char *list[] = {"noop", args[0], NULL};
	char *env[] = {image_env[0], "TWICE=first", "NOVALUE", "=noname", "BYTES=a\377b",
		"EMPTY=", "EQUALS=a=b", "LINE=a\nb\033[31m", "TWICE=second", NULL};

	execve(self, list, env);
	die("execve");
}

/* big-env MARK KIB [ARGS_KIB]: KIB variables of 1 KiB and a wanted one behind them; ARGS_KIB
 * arguments of 1 KiB before them. */
int case_big_env(char **args)
{
	long count = number(args[1], 1), words = number(args[2], 0);
	char **env = calloc(count + 3, sizeof(*env)), **list = patterns(words + 2, BIG_VALUE);

	if (!env)
		die("calloc");
	env[0] = image_env[0];
	for (long i = 0; i < count; i++)
		if (asprintf(&env[i + 1], "BIG%ld=%s", i, *patterns(1, BIG_VALUE)) < 0)
			die("asprintf");
	env[count + 1] = "LAST=found";
	list[words + 1] = args[0];
	execve(self, list, env);
	die("execve");
}
