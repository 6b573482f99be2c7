/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The ways into an exec other than execve with a path, from the first thread, in 64 bits. */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* fexecve-memfd: this program from memory, where it has no path. */
int case_fexecve_memfd(char **args)
{
	char *list[] = {"ghost", "from memory", NULL};
	int file = open(self, O_RDONLY | O_CLOEXEC), memory = memfd_create("ghost", MFD_CLOEXEC);
	struct stat about;

	(void)args;
	if (file < 0 || memory < 0 || fstat(file, &about))
		die("memfd");
	for (off_t left = about.st_size, n; left > 0; left -= n)
		if ((n = sendfile(memory, file, NULL, left)) <= 0)
			die("sendfile");
	fexecve(memory, list, image_env);
	die("fexecve");
}

/* execveat-dirfd: a name relative to an open directory. */
int case_execveat_dirfd(char **args)
{
	char *list[] = {"relative", "to a directory", NULL}, *slash = strrchr(self, '/');
	int dir;

	(void)args;
	*slash = 0;
	dir = open(self, O_PATH | O_DIRECTORY);
	if (dir < 0)
		die(self);
	syscall(SYS_execveat, dir, slash + 1, list, image_env, 0);
	die("execveat");
}

static void *exec_here(void *unused)
{
	char *list[] = {"from", "another thread", NULL};

	(void)unused;
	printf("{\"tid\":%ld}\n", syscall(SYS_gettid));
	fflush(stdout);
	execve(self, list, image_env);
	die("execve");
}

/* thread-exec: by a thread that is not the first; prints its number. */
int case_thread_exec(char **args)
{
	pthread_t thread;

	(void)args;
	if (pthread_create(&thread, NULL, exec_here, NULL))
		die("pthread_create");
	pthread_join(thread, NULL);
	return 1;
}

#ifdef __x86_64__
/* What a 32-bit call needs, where 32-bit pointers reach it. */
struct narrow {
	uint32_t argv[4], envp[2];
	char path[PATH_MAX], args[3][32], env[32];
};

static uint32_t address(const void *low)
{
	return (uint32_t)(uintptr_t)low;
}

static struct narrow *narrow_call(const char *path)
{
	static const char *const words[] = {"narrow", "32-bit", "two words"};
	struct narrow *call = mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (call == MAP_FAILED)
		die("mmap");
	strncpy(call->path, path, sizeof(call->path) - 1);
	strcpy(call->env, image_env[0]);
	call->envp[0] = address(call->env);
	for (int i = 0; i < 3; i++) {
		strcpy(call->args[i], words[i]);
		call->argv[i] = address(call->args[i]);
	}
	return call;
}

/* execve by the 32-bit entrance, from 64-bit code. Returns -errno. */
static long execve32(const char *path)
{
	const struct narrow *call = narrow_call(path);
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(11L), "b"((long)address(call->path)), "c"((long)address(call->argv)),
			 "d"((long)address(call->envp))
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}
#else
static long execve32(const char *path)
{
	(void)path;
	return -ENOSYS;
}
#endif

static int judge(long ret, long expected)
{
	if (ret == -ENOSYS)
		return EXIT_CANNOT;
	return ret == expected ? 0 : 1;
}

/* int80 */
int case_int80(char **args)
{
	(void)args;
	return judge(execve32(self), 1); /* to come back is wrong in any case */
}

/* int80-fail */
int case_int80_fail(char **args)
{
	(void)args;
	return judge(execve32("/nonexistent/narrow"), -ENOENT);
}
