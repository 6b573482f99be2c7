//! What processes cost: time, memory, faults, reading and writing, against wait4.

use std::process::Command;

use nix::sys::statfs;

use crate::Case;
use crate::support::public_dir;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::kernel_version;
use crate::support::text;
use crate::support::wait4_oracle::Life;
use crate::support::wait4_oracle::lives_of;

const MIB: u64 = 1 << 20;

/// Linux 6.16 lets a process's memory be there still at its end, so that an image's own peak is
/// known.
fn knows_peak_of_image() -> bool {
    kernel_version() >= (6, 16)
}

fn number(record: &serde_json::Value, field: &str) -> u64 {
    record[field].as_u64().expect("a number")
}

/// The median and the largest of some numbers.
fn median_and_max(mut numbers: Vec<u64>) -> (u64, u64) {
    numbers.sort_unstable();
    let max = *numbers.last().expect("there are some");
    (numbers[numbers.len() / 2], max)
}

/// How far the time on a CPU is from wait4's, by the final account and by the estimate.
fn cpu_errors(lives: &[Life]) -> [(u64, u64); 2] {
    let errors = |cpu_ns: fn(&Life) -> u64| {
        let error = |life: &Life| cpu_ns(life).abs_diff(life.waited.cpu_ns());
        median_and_max(lives.iter().map(error).collect())
    };
    [
        errors(|life| number(&life.process, "cpu_ns")),
        errors(|life| number(&life.exit, "cpu_ns")),
    ]
}

fn check_short_lives(how: &str) {
    let lives = lives_of(&["short-lives", how, "300", "3000"]);
    assert_eq!(lives.len(), 300);
    let errors @ [(median, _), _] = cpu_errors(&lives);
    let us = errors.map(|(median, max)| [median, max].map(|ns| ns as f64 / 1e3));
    eprintln!(
        "error of CPU time, {how}, us, median and max: exact {:?}, estimate {:?}",
        us[0], us[1]
    );
    assert!(median <= 100_000, "{us:?}");
    let exact = lives
        .iter()
        .filter(|life| life.process["cpu_exact"] == true);
    assert!(
        exact.count() >= 240,
        "most final accounts are there in time"
    );
}

/// On a busy machine, too, an estimate is not more than the process can have used: it has one
/// thread.
fn possible_estimates() {
    let mut busy: Vec<_> = (0..3)
        .map(|_| {
            Command::new("sh")
                .args(["-c", "while :; do /bin/true; done"])
                .spawn()
        })
        .map(|child| child.expect("sh is there"))
        .collect();
    let lives = lives_of(&["short-lives", "fork", "300", "3000"]);
    for child in &mut busy {
        child.kill().expect("it runs");
        child.wait().expect("it runs");
    }
    for life in &lives {
        let [cpu_ns, lifetime_ns] = ["cpu_ns", "lifetime_ns"].map(|it| number(&life.exit, it));
        assert!(cpu_ns <= lifetime_ns, "{}", life.exit);
    }
}

/// Of 300 processes that compute for 0 to 3 ms, the median error is 0.1 ms at most.
fn short_lives() {
    check_short_lives("fork");
}

/// Those that call exec first use some more.
fn short_lives_with_exec() {
    check_short_lives("exec");
}

/// 200 ms, half of it in the kernel: the sum within 2 %, and divided as the kernel divides it, but
/// for some ticks.
fn long_life() {
    let life = &lives_of(&["lives", "exec", "1", "burn", "100000", "100000"])[0];
    let expected = life.waited.cpu_ns();
    assert!(expected >= 200_000_000);
    for record in [&life.exit, &life.process] {
        let cpu_ns = number(record, "cpu_ns");
        assert!(
            cpu_ns.abs_diff(expected) <= expected / 50,
            "{cpu_ns} {expected}"
        );
        let user_ns = life.waited.number("user_us") * 1000;
        assert!(
            number(record, "user_ns").abs_diff(user_ns) <= expected / 20,
            "{life:?}"
        );
        // Two clocks, which an emulated machine lets go at slightly different speeds.
        let lifetime_ns = number(record, "lifetime_ns");
        assert!(
            lifetime_ns >= cpu_ns - cpu_ns / 20,
            "{lifetime_ns} {cpu_ns}"
        );
    }
}

/// 64 MB of memory, touched page by page.
fn memory() {
    let life = &lives_of(&["lives", "exec", "1", "touch", "64"])[0];
    assert!(life.waited.max_rss_bytes() >= 64 * MIB);
    assert!(life.waited.number("minor_faults") >= 64 * MIB / 4096);
    for record in [&life.exit, &life.process] {
        let peak = number(record, "max_rss_bytes");
        assert!(
            peak.abs_diff(life.waited.max_rss_bytes()) <= MIB,
            "{record}"
        );
    }
}

/// A small child of a process of 400 MB: what it inherited through exec is not its own. Older
/// kernels do not know it; the field is null then.
fn small_child_of_a_large_parent() {
    let life = &lives_of(&["small-child", "400"])[0];
    assert!(
        life.waited.max_rss_bytes() >= 400 * MIB,
        "wait4 has the flaw"
    );
    for record in [&life.exit, &life.process] {
        let peak = &record["max_rss_bytes"];
        if knows_peak_of_image() {
            let peak = peak.as_u64().expect("this kernel can tell");
            assert!((1..20 * MIB).contains(&peak), "{record}");
        } else {
            assert!(
                peak.is_null() || number(record, "max_rss_bytes") < 20 * MIB,
                "{record}"
            );
        }
    }
}

/// A process that never calls exec has its creator's memory for its own.
fn memory_of_a_fork() {
    let life = &lives_of(&["lives", "fork", "1", "touch", "64"])[0];
    let peak = number(&life.process, "max_rss_bytes");
    assert!(
        peak.abs_diff(life.waited.max_rss_bytes()) <= MIB,
        "{life:?}"
    );
}

/// Whether files in the directory for temporary files reach storage.
fn files_reach_storage() -> bool {
    let about = statfs::statfs(&std::env::temp_dir()).expect("it is there");
    let types = [
        statfs::EXT4_SUPER_MAGIC,
        statfs::XFS_SUPER_MAGIC,
        statfs::BTRFS_SUPER_MAGIC,
    ];
    types.contains(&about.filesystem_type())
}

/// 8 MB written and read: exactly as `/proc/PID/io` counts them.
fn reading_and_writing() {
    let dir = public_dir();
    let file = dir.path().join("file");
    let life = &lives_of(&["lives", "exec", "1", "write-read", text(&file), "8"])[0];
    assert!(life.waited.knows("wchar"), "the kernel keeps account");
    for record in [&life.exit, &life.process] {
        assert_eq!(number(record, "write_chars"), 8 * MIB);
        // The kernel itself reads the beginning of the executable file.
        assert!(
            (8 * MIB..9 * MIB).contains(&number(record, "read_chars")),
            "{record}"
        );
        let written = number(record, "write_bytes");
        if files_reach_storage() {
            assert!((8 * MIB..9 * MIB).contains(&written), "{record}");
        } else {
            assert!(written < 9 * MIB, "{record}");
        }
    }
}

/// Switches are those of wait4, but for the last ones, which follow the end.
fn switches() {
    for life in lives_of(&["lives", "exec", "20", "sleep", "3"]) {
        for record in [&life.exit, &life.process] {
            for (ours, kernels) in [
                ("voluntary_switches", "voluntary"),
                ("involuntary_switches", "involuntary"),
            ] {
                let (ours, kernels) = (number(record, ours), life.waited.number(kernels));
                assert!(ours <= kernels && kernels <= ours + 3, "{life:?}");
            }
            assert!(number(record, "voluntary_switches") >= 1, "it slept");
        }
    }
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            short_lives, short_lives_with_exec, possible_estimates, long_life, memory, small_child_of_a_large_parent,
            memory_of_a_fork, reading_and_writing, switches,
        ];
    ]
}
