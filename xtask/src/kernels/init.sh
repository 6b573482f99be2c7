#!/bin/busybox sh
# The first process of a guest: asks execsnoop what this kernel makes of it, runs the end-to-end tests and those
# of bpfrun's probes, tells all that on the second serial port, where the kernel writes nothing, and powers off.
# From the kernel's command line: backend (core or classic), slow (how much slower than a real machine).
# shellcheck shell=dash disable=SC2154 # the kernel sets them

/bin/busybox mkdir -p /proc /sys /dev /tmp /mnt
export PATH=/usr/local/bin:/bin HOME=/root SLOW="$slow"
results=/dev/ttyS1

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
mount -t securityfs securityfs /sys/kernel/security
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /dev/pts && mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /tmp
ip link set lo up

say() {
	printf 'matrix: %s\n' "$*" >$results
}

# A kernel without a description of its types.
[ "$backend" != classic ] || mount -t tmpfs none /sys/kernel/btf

say "kernel $(uname -r)"
execsnoop -v -o /dev/null --events exec,failed,fork,exit,process --duration 1ms 2>/tmp/probe
say "probe status $?"
grep -e 'PROG LOAD LOG' -e '^processed' -e 'backend: ' -e 'loaded in ' /tmp/probe | sed 's/^/matrix: said /' >$results

# Before 5.11 BPF counts as locked memory; the tests with two capabilities could not raise the limit.
ulimit -l unlimited
cd /tmp || exit 1
status=0
run() {
	"$@" -Z unstable-options --format json --logfile $results || status=$?
}
[ ! -e /tests ] ||
	run env EXECSNOOP=/usr/local/bin/execsnoop WORKLOAD=/usr/local/bin/workload TESTS=/tests e2e
[ ! -e /probes ] || run env BPFRUN=/usr/local/bin/bpfrun OBJECTS=/objects TESTS=/probes probes
say "end $status"
sync
poweroff -f
