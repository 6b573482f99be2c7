//! Examples, for the help text. README.md and docs/filters.md show more; a test parses them all.

/// For `-h`.
pub(super) const SHORT: &str = "\
Examples:
  execsnoop                    every exec on this machine
  execsnoop -x                 failed execs too
  execsnoop -d                 finished processes: lifetime, CPU, memory and exit status
  execsnoop -- make -j4        everything that a command starts
  execsnoop top                who spends the machine on short-lived processes
  execsnoop doctor             why it cannot trace here, and what to change
More options and examples: execsnoop --help";

/// For `--help`.
pub(super) const LONG: &str = "\
Examples:
  execsnoop                       every exec on this machine
  execsnoop -x                    failed execs too
  execsnoop -T -u www-data        execs of one user, with the time
  execsnoop -n '^(cc1|ld)$'       commands whose name matches
  execsnoop -l 'git (push|pull)'  command lines that match
  execsnoop -p 4711               descendants of a process
  execsnoop -P $$                 children of this shell
  execsnoop --filter 'uid != 0 && euid == 0'
                                  a condition on any field (docs/filters.md)
  execsnoop --unit cron           execs of one systemd unit
  execsnoop --container 3f2a91    execs of one container, by the beginning of its id
  execsnoop --cgroup /user.slice  execs of one cgroup and the cgroups below it
  execsnoop --cgroupmap /sys/fs/bpf/ids
                                  execs of the cgroups in a BPF map (--mntnsmap: mount namespaces)
  execsnoop --columns +container,user
                                  more columns
  execsnoop --ancestors=3         the parent, its parent, and the parent of that
  execsnoop --fold                a search along PATH as one line
  execsnoop -d                    finished processes: lifetime, CPU, memory and exit status
  execsnoop -d --failed           processes that did not end with status 0
  execsnoop -- make -j4           everything that a command starts, including its daemons
  execsnoop --format json -o execs.jsonl --duration 10s
  execsnoop top --once 10s        who spends the machine on short-lived processes
  execsnoop doctor                why it cannot trace here, and what to change
  execsnoop schema                the JSON Schema of every record

Exit status: 0 success, 1 failure, 2 wrong usage, 77 this kernel or user cannot trace; with -- CMD
that of CMD, 126 or 127 if CMD cannot be started, 77 if tracing cannot.";
