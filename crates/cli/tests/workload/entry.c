/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where the program begins (the linker is told so: -e entrance). An image that only has to end does
 * so right here. The C library would first ask the processor what it can do, dozens of times, and
 * in a virtual machine each answer is an exit to the host: ten times the cost of the exec itself,
 * of which a storm should consist.
 */
#if defined(__x86_64__)
__asm__(".globl entrance\n"
	"entrance:\n"
	"	mov (%rsp), %rax\n"
	"	mov 16(%rsp,%rax,8), %rax\n" /* the first string of the environment */
	"	test %rax, %rax\n"
	"	jz 1f\n"
	"	movabs $0x44414f4c4b524f57, %rcx\n" /* WORKLOAD */
	"	cmp %rcx, (%rax)\n"
	"	jne 1f\n"
	"	movabs $0x313d4547414d495f, %rcx\n" /* _IMAGE=1 */
	"	cmp %rcx, 8(%rax)\n"
	"	jne 1f\n"
	"	xor %edi, %edi\n"
	"	mov $231, %eax\n" /* exit_group */
	"	syscall\n"
	"1:	jmp _start\n");
#elif defined(__aarch64__)
__asm__(".globl entrance\n"
	"entrance:\n"
	"	b _start\n");
#else
#error "entrance is not written for this processor"
#endif
