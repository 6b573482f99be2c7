#!/bin/busybox sh
# The first process of a guest. It runs execsnoop once, the end-to-end tests and the tests of bpfrun's
# probes, writes the results to the second serial port, which the kernel does not use, and powers off.
# Parameters on the kernel command line: backend (core or classic), slow (see SLOW in CONTRIBUTING.md).
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
export SWITCH_CPUS=1 # no other process needs them
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
