/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Processes that cost something: time, memory, reading and writing. */
#define _GNU_SOURCE
#include "workload.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PIECE	  (64 << 10)
#define PAGE_SIZE 4096

static long long own_cpu_us(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return used.tv_sec * 1000000LL + used.tv_nsec / 1000;
}

/* Computes until this thread has used so much more time. */
void burn_user(long us)
{
	long long end = own_cpu_us() + us;

	while (own_cpu_us() < end)
		for (volatile int i = 0; i < 2000; i++)
			;
}

/* Lets the kernel compute: it has to write the zeros. */
static void burn_system(long us)
{
	static char zeros[4 * PIECE];
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	long long end = own_cpu_us() + us;

	while (own_cpu_us() < end)
		if (read(zero, zeros, sizeof(zeros)) < 0)
			die("/dev/zero");
	close(zero);
}

/* burn USER [SYSTEM]: microseconds of time on a CPU. */
int case_burn(char **args)
{
	long user = number(args[0], 0), system = args[0] ? number(args[1], 0) : 0;

	if (user)
		burn_user(user);
	if (system)
		burn_system(system);
	return 0;
}

/* touch MB: memory, page by page. */
int case_touch(char **args)
{
	size_t size = number(args[0], 1) << 20;
	volatile char *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	madvise((void *)memory, size, MADV_NOHUGEPAGE); /* else there are fewer faults than pages */
	for (size_t at = 0; at < size; at += PAGE_SIZE)
		memory[at] = 1;
	return 0;
}

static void write_all(int file, long size)
{
	static char piece[PIECE];

	memset(piece, 'x', sizeof(piece));
	for (long done = 0; done < size; done += PIECE)
		if (write(file, piece, PIECE) != PIECE)
			die("write");
	if (fsync(file))
		die("fsync");
}

static void read_all(int file, long size)
{
	static char piece[PIECE];

	if (lseek(file, 0, SEEK_SET))
		die("lseek");
	for (long done = 0; done < size; done += PIECE)
		if (read(file, piece, PIECE) != PIECE)
			die("read");
}

/* write-read FILE MB */
int case_write_read(char **args)
{
	int file = open(args[0], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	long size = number(args[1], 1) << 20;

	if (file < 0)
		die(args[0]);
	write_all(file, size);
	read_all(file, size);
	return 0;
}
