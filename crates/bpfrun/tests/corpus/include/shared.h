#pragma once
#include <linux/sched.h>
#define SHARED_CONSTANT 3
struct shared {
    u32 a;
};
static inline u32 shared_value(struct task_struct *task)
{
    return task->tgid;
}
