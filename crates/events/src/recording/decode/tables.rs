//! The fields of each record, in the order in which they are written. A test compares them with
//! what is written.

/// The fields of one type of record.
pub(super) trait Table {
    /// Their names, in order.
    const NAMES: &'static [&'static str];
}

/// The most fields that a record has.
pub(super) const MOST: usize = 90;

macro_rules! tables {
    ($($(#[$meta:meta])* $Table:ident: $($name:literal)*;)*) => {
        $($(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub(super) struct $Table;

        impl Table for $Table {
            const NAMES: &'static [&'static str] = &[$($name),*];
        })*

        /// All of them.
        #[cfg(test)]
        pub(super) const ALL: &[&[&str]] = &[$($Table::NAMES),*];
    };
}

tables! {
    /// What is read of any record, if its type does not stand where it always does.
    AnyTable: "type";
    ExecTable:
        "type" "time" "id" "pid" "tid" "ppid" "parent_id" "comm" "pcomm" "uid" "user" "euid" "gid"
        "group" "egid" "login_uid" "audit_session" "sid" "tty" "cpu" "ret" "errno" "filename" "exe"
        "exe_root" "script" "deleted" "memfd" "secure" "args" "args_complete" "args_b64" "cwd"
        "cwd_root" "env" "redacted" "shortened" "cgroup" "cgroup_id" "unit" "user_unit" "container"
        "pod_uid" "ns_pid" "pid_ns" "mnt_ns" "fatal" "tries" "ancestors" "comm_b64" "pcomm_b64"
        "tty_b64" "filename_b64" "exe_b64" "cwd_b64" "is_script" "is_secure" "file_dev" "file_ino"
        "file_links" "args_cut" "args_bytes" "args_shortened" "env_b64" "env_bytes"
        "env_incomplete" "env_shortened" "redacted_in" "cgroup_hierarchy" "cgroup_key" "exec_number"
        "peak_before" "boot_ns";
    ForkTable:
        "type" "time" "id" "pid" "creator_id" "creator_pid" "vfork" "ns_pid" "creator_tid"
        "by_tracer" "exec_number" "boot_ns";
    ExitTable:
        "type" "time" "id" "pid" "ppid" "parent_id" "comm" "uid" "user" "gid" "group" "cgroup"
        "cgroup_id" "unit" "user_unit" "container" "pod_uid" "ns_pid" "exit" "code" "signal"
        "signal_name" "core_dumped" "oom_killed" "fatal" "lifetime_ns" "exec_lifetime_ns" "cpu_ns"
        "cpu_exact" "user_ns" "system_ns" "max_rss_bytes" "peak_rss_bytes" "read_bytes"
        "write_bytes" "read_chars" "write_chars" "minor_faults" "major_faults"
        "voluntary_switches" "involuntary_switches" "ancestors" "comm_b64" "cgroup_hierarchy"
        "cgroup_key" "exec_ns" "exec_number" "boot_ns";
    UsageTable:
        "type" "time" "id" "pid" "cpu_ns" "cpu_exact" "user_ns" "system_ns" "boot_ns";
    ExistingTable:
        "type" "time" "id" "pid" "ppid" "parent_id" "creator_id" "creator_pid" "comm" "pcomm" "uid"
        "user" "gid" "group" "login_uid" "audit_session" "sid" "tty" "filename" "exe" "exe_root"
        "script" "deleted" "memfd" "secure" "args" "args_complete" "args_b64" "cwd" "cwd_root"
        "env" "redacted" "shortened" "execs" "cgroup" "cgroup_id" "unit" "user_unit" "container"
        "pod_uid" "ns_pid" "comm_b64" "pcomm_b64" "tty_b64" "filename_b64" "exe_b64" "cwd_b64"
        "is_script" "is_secure" "file_dev" "file_ino" "file_links" "args_cut" "args_bytes"
        "args_shortened" "env_b64" "env_bytes" "env_incomplete" "env_shortened" "redacted_in"
        "cgroup_hierarchy" "cgroup_key" "first_parent_id" "seen_pid" "doomed" "exec_number"
        "exec_ns" "peak_before" "ended" "end_ns" "end" "boot_ns";
    /// The end in a record of an existing process.
    EndTable:
        "time" "boot_ns" "exit" "code" "signal" "signal_name" "core_dumped" "oom_killed" "fatal"
        "lifetime_ns" "exec_lifetime_ns" "cpu_ns" "cpu_exact" "user_ns" "system_ns"
        "max_rss_bytes" "peak_rss_bytes" "read_bytes" "write_bytes" "read_chars" "write_chars"
        "minor_faults" "major_faults" "voluntary_switches" "involuntary_switches" "exec_ns"
        "exec_number";
    GoneTable: "type" "time" "id" "boot_ns";
    CgroupTable:
        "type" "time" "cgroup_hierarchy" "cgroup_key" "cgroup" "cgroup_b64" "boot_ns";
    LostTable: "type" "time" "count" "kind" "reason" "boot_ns";
    ClockTable: "type" "time" "boot_ns" "first" "repeated";
}

/// The fields of each type of record but the first and the last of a file, in their order.
pub(crate) const RECORD_FIELDS: [(&str, &[&str]); 9] = [
    ("exec", ExecTable::NAMES),
    ("fork", ForkTable::NAMES),
    ("exit", ExitTable::NAMES),
    ("usage", UsageTable::NAMES),
    ("existing", ExistingTable::NAMES),
    ("gone", GoneTable::NAMES),
    ("cgroup", CgroupTable::NAMES),
    ("lost", LostTable::NAMES),
    ("clock", ClockTable::NAMES),
];

/// The place of a name in a table, known when this is compiled.
pub(super) const fn index_of(names: &[&str], name: &str) -> usize {
    let mut index = 0;
    while index < names.len() {
        if is_same(names[index].as_bytes(), name.as_bytes()) {
            return index;
        }
        index += 1;
    }
    panic!("no such field")
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}
