/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs cases as children and prints what wait4 said of each: the oracle for what a tracer says. */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define REUSE_TRIES 100

static long long microseconds(struct timeval time)
{
	return time.tv_sec * 1000000LL + time.tv_usec;
}

static void silence_stdout(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, 1) < 0)
		_exit(126);
}

/* The child: a case, in this image or in a new one. */
static _Noreturn void become(bool exec, char **words)
{
	char *list[16] = {self};
	case_fn *run = find_case(words[0]);

	silence_stdout();
	if (!run)
		_exit(126);
	if (!exec)
		_exit(run(words + 1));
	for (int i = 0; words[i] && i < 14; i++)
		list[i + 1] = words[i];
	execve(self, list, environ);
	_exit(127);
}

static pid_t start(bool exec, char **words)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		become(exec, words);
	return pid;
}

/* What /proc/PID/io holds, as fields of JSON. A process keeps it until it is reaped. */
static void print_io(pid_t pid)
{
	unsigned long long count;
	char path[32], name[32];
	FILE *io;

	snprintf(path, sizeof(path), "/proc/%d/io", pid);
	io = fopen(path, "re");
	if (!io)
		return;
	while (fscanf(io, " %31[a-z_]: %llu", name, &count) == 2)
		printf(",\"%s\":%llu", name, count);
	fclose(io);
}

static void print_usage(const struct rusage *usage)
{
	printf(",\"user_us\":%lld,\"system_us\":%lld", microseconds(usage->ru_utime),
		microseconds(usage->ru_stime));
	printf(",\"max_rss_kb\":%ld", usage->ru_maxrss);
	printf(",\"minor_faults\":%ld,\"major_faults\":%ld", usage->ru_minflt, usage->ru_majflt);
	printf(",\"voluntary\":%ld,\"involuntary\":%ld", usage->ru_nvcsw, usage->ru_nivcsw);
}

/* Reaps a child, and prints its account. With `io` it is looked at once more before. */
static void report(pid_t pid, bool io)
{
	struct rusage usage;
	siginfo_t info;
	int status;

	printf("{\"pid\":%d", pid);
	if (io && !waitid(P_PID, pid, &info, WEXITED | WNOWAIT))
		print_io(pid);
	if (wait4(pid, &status, 0, &usage) != pid)
		die("wait4");
	printf(",\"status\":%d", status);
	print_usage(&usage);
	putchar('}');
}

static void separate(long index)
{
	if (index)
		putchar(',');
}

static bool wants_exec(const char *how)
{
	if (strcmp(how, "exec") && strcmp(how, "fork")) {
		fprintf(stderr, "%s is neither exec nor fork\n", how);
		exit(2);
	}
	return !strcmp(how, "exec");
}

/* lives fork|exec COUNT CASE [ARGS...]: one child after the other. */
int case_lives(char **args)
{
	bool exec = wants_exec(args[0]);
	long count = number(args[1], 1);

	putchar('[');
	for (long i = 0; i < count; i++) {
		separate(i);
		report(start(exec, args + 2), true);
	}
	puts("]");
	return 0;
}

/* short-lives fork|exec COUNT MAX: children that compute from 0 to MAX microseconds, each reaped as
 * soon as it has ended. */
int case_short_lives(char **args)
{
	bool exec = wants_exec(args[0]);
	long count = number(args[1], 1), max = number(args[2], 0);

	putchar('[');
	for (long i = 0; i < count; i++) {
		char us[24], *words[] = {"burn", us, NULL};

		snprintf(us, sizeof(us), "%ld", i * max / count);
		separate(i);
		report(start(exec, words), false);
	}
	puts("]");
	return 0;
}

/* small-child MB: a child of a process that has used so much memory, and uses little itself. */
int case_small_child(char **args)
{
	char *words[] = {"noop", NULL};

	case_touch(args);
	putchar('[');
	report(start(true, words), true);
	puts("]");
	return 0;
}

/* Like fork, with a pid of choice (Linux 5.5). */
static pid_t fork_as(pid_t pid)
{
	pid_t set[] = {pid};
	struct clone_args how = {
		.exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)set, .set_tid_size = 1};

	return syscall(SYS_clone3, &how, sizeof(how));
}

static void end_as(pid_t pid, int code)
{
	int status;

	if (!pid)
		_exit(code);
	if (waitpid(pid, &status, 0) != pid || status != code << 8)
		die("waitpid");
}

/* reuse-pid: two processes, one after the other, with one pid: prints it. They end with 1 and 2. */
int case_reuse_pid(char **args)
{
	(void)args;
	for (int i = 0; i < REUSE_TRIES; i++) {
		pid_t first = fork(), second;

		end_as(first, 1);
		second = fork_as(first);
		if (second < 0 && errno == EEXIST) /* somebody else was faster */
			continue;
		if (second < 0)
			return EXIT_CANNOT;
		end_as(second, 2);
		printf("{\"pid\":%d}\n", first);
		return 0;
	}
	return EXIT_CANNOT;
}
