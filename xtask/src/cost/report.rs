//! The results, as tables for the terminal.

use std::fmt;

use crate::measure::pairs::SlowDown;
use crate::measure::tracer::Output;
use crate::measure::tracer::Program;

/// The time that execsnoop's BPF programs took during a storm.
#[derive(Debug)]
pub(crate) struct KernelTime {
    pub(crate) programs: Vec<Program>,
    pub(crate) execs: u64,
}

impl KernelTime {
    /// The time of all programs, shared among the execs that they saw: the storm's, and those of
    /// others meanwhile.
    pub(crate) fn ns_per_exec(&self) -> f64 {
        let time = |program: &Program| program.ns_each * program.runs as f64;
        self.programs.iter().map(time).sum::<f64>() / self.execs as f64
    }

    /// The median of several storms. There must be at least one.
    pub(crate) fn median(mut storms: Vec<Self>) -> Self {
        storms.sort_by(|a, b| a.ns_per_exec().total_cmp(&b.ns_per_exec()));
        storms.swap_remove(storms.len() / 2)
    }
}

/// What execsnoop costs with one kind of output.
#[derive(Debug)]
pub(crate) struct Cost {
    pub(crate) output: Output,
    pub(crate) kernel_time: KernelTime,
    pub(crate) slow_down: SlowDown,
}

impl Cost {
    /// What exceeds its limit, in words.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let label = self.output.label();
        let mut complaints = Vec::new();
        let (ns, most) = (self.kernel_time.ns_per_exec(), self.output.most_kernel_ns());
        if ns > most {
            complaints.push(format!(
                "{label}: {ns:.0} ns in the kernel per exec, at most {most} are allowed"
            ));
        }
        let (ratio, most) = (self.slow_down.ratio, self.output.most_slow_down());
        if ratio > most {
            complaints.push(format!(
                "{label}: the storm takes {ratio:.3} times as long, {most} is allowed"
            ));
        }
        complaints
    }
}

/// The whole report.
#[derive(Debug)]
pub(crate) struct Report<'a>(pub(crate) &'a [Cost]);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Kernel time per exec, by kernel.bpf_stats_enabled (median of storms)"
        )?;
        writeln!(f, "  {:<18} {:>8}   programs", "OUTPUT", "NS/EXEC")?;
        self.0.iter().try_for_each(|cost| kernel_row(f, cost))?;
        writeln!(f, "\nThe storm, traced against untraced (median of pairs)")?;
        writeln!(
            f,
            "  {:<18} {:>11} {:>9} {:>7}   range",
            "OUTPUT", "UNTRACED µs", "TRACED µs", "RATIO"
        )?;
        self.0.iter().try_for_each(|cost| storm_row(f, cost))
    }
}

fn kernel_row(f: &mut fmt::Formatter<'_>, cost: &Cost) -> fmt::Result {
    let programs: Vec<String> = cost.kernel_time.programs.iter().map(one_program).collect();
    let label = cost.output.label();
    writeln!(
        f,
        "  {label:<18} {:>8.0}   {}",
        cost.kernel_time.ns_per_exec(),
        programs.join("; ")
    )
}

fn one_program(program: &Program) -> String {
    let Program {
        name,
        runs,
        ns_each,
        skipped,
    } = program;
    format!("{name} {runs} × {ns_each:.0} ns, {skipped} skipped")
}

fn storm_row(f: &mut fmt::Formatter<'_>, cost: &Cost) -> fmt::Result {
    let SlowDown {
        untraced,
        traced,
        ratio,
        lowest,
        highest,
    } = cost.slow_down;
    let label = cost.output.label();
    writeln!(
        f,
        "  {label:<18} {untraced:>11.1} {traced:>9.1} {ratio:>7.3}   {lowest:.3}–{highest:.3}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel_time(ns_each: f64) -> KernelTime {
        let program = |name: &str, runs| Program {
            name: name.into(),
            runs,
            ns_each,
            skipped: 0,
        };
        KernelTime {
            programs: vec![program("on_exec", 100), program("on_fork", 50)],
            execs: 100,
        }
    }

    fn cost(ns_each: f64, ratio: f64) -> Cost {
        let (untraced, traced) = (200.0, 200.0 * ratio);
        Cost {
            output: Output::Json,
            kernel_time: kernel_time(ns_each),
            slow_down: SlowDown {
                untraced,
                traced,
                ratio,
                lowest: ratio,
                highest: ratio,
            },
        }
    }

    #[test]
    fn kernel_time_is_that_of_all_programs_per_exec() {
        assert_eq!(kernel_time(600.0).ns_per_exec(), 900.0);
    }

    #[test]
    fn the_median_storm_is_the_middle_one() {
        let storms = [900.0, 300.0, 600.0].map(kernel_time).into();
        assert_eq!(KernelTime::median(storms).ns_per_exec(), 900.0);
    }

    #[test]
    fn each_limit_is_kept_by_itself() {
        assert!(cost(600.0, 1.05).complaints().is_empty());
        assert_eq!(cost(700.0, 1.0).complaints().len(), 1);
        assert_eq!(cost(600.0, 1.06).complaints().len(), 1);
        assert_eq!(cost(700.0, 1.06).complaints().len(), 2);
    }

    #[test]
    fn the_report_is_two_tables() {
        let expected = "\
Kernel time per exec, by kernel.bpf_stats_enabled (median of storms)
  OUTPUT              NS/EXEC   programs
  json to a file          900   on_exec 100 × 600 ns, 0 skipped; on_fork 50 × 600 ns, 0 skipped

The storm, traced against untraced (median of pairs)
  OUTPUT             UNTRACED µs TRACED µs   RATIO   range
  json to a file           200.0     204.0   1.020   1.020–1.020
";
        assert_eq!(Report(&[cost(600.0, 1.02)]).to_string(), expected);
    }
}
