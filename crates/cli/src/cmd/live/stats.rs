//! What `--stats` prints.

use execsnoop_clikit::stderr_line;
use execsnoop_probe::ProgramStats;
use execsnoop_probe::Statistics;
use nix::errno::Errno;

/// Prints what the BPF programs cost, and how full the ring buffer was.
pub fn print(statistics: Result<Statistics, Errno>) {
    let statistics = match statistics {
        Ok(statistics) => statistics,
        Err(errno) => return tracing::warn!("no statistics: {errno}"),
    };
    if statistics.programs.is_empty() {
        return stderr_line("no programs in the kernel, so there is nothing to measure");
    }
    for program in &statistics.programs {
        stderr_line(program_line(program, statistics.measured));
    }
    let (high, size) = (statistics.ring_high_bytes, statistics.ring_bytes);
    let percent = high * 100 / size.max(1);
    stderr_line(format_args!(
        "ring: {high} of {size} bytes at most ({percent} %)"
    ));
}

fn program_line(program: &ProgramStats, is_measured: bool) -> String {
    let ProgramStats {
        name,
        runs,
        skipped,
        ..
    } = program;
    let each = match is_measured {
        true => format!("{} ns each", program.run_ns.checked_div(*runs).unwrap_or(0)),
        false => "not measured".to_owned(),
    };
    format!("program {name}: {runs} runs, {each}, {skipped} skipped")
}
