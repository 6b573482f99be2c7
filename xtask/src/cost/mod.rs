//! `cargo xtask cost`: what tracing costs, in the kernel and to the programs that are traced.

use std::io::IsTerminal;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use clap::Args;

mod report;

use self::report::Cost;
use self::report::KernelTime;
use self::report::Report;
use crate::build::binaries::Binaries;
use crate::measure::bpf_stats::BpfStats;
use crate::measure::machine;
use crate::measure::pairs::Pair;
use crate::measure::pairs::SlowDown;
use crate::measure::storm::Storm;
use crate::measure::tracer::Output;
use crate::measure::tracer::Tracer;
use crate::measure::tracer::parse_programs;
use crate::process::interrupt::Interrupt;

/// The BPF program that runs once for each exec.
const EXEC_PROGRAM: &str = "on_exec";

/// Storms under the kernel's clock for each kind of output: an odd number, the median counts.
const KERNEL_STORMS: usize = 3;

/// Measure what tracing costs: kernel time per exec, and the slow-down of a storm of execs
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Pairs of an untraced and a traced storm, for each kind of output
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1000))]
    rounds: u64,
    /// Execs in one storm
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..))]
    execs: u64,
    /// Processes that exec in parallel
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1024))]
    producers: u64,
    /// Measure this binary instead of building one
    #[arg(long, value_name = "PATH")]
    execsnoop: Option<PathBuf>,
    /// Fail if an exec costs more than 1000 ns in the kernel, or the slow-down exceeds 5 %; for
    /// whole processes 2000 ns and 6 %
    #[arg(long)]
    check: bool,
}

/// Measures and prints. With `--check`, fails if tracing costs too much.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    ensure!(
        options.execs.is_multiple_of(options.producers),
        "--execs {} cannot be shared evenly among --producers {}",
        options.execs,
        options.producers
    );
    let dir = tempfile::tempdir().context("no temporary directory could be made")?;
    let interrupt = Interrupt::catch()?;
    let binaries = Binaries::build(options.execsnoop.as_deref(), dir.path())?;
    let bench = Bench::new(options, binaries, dir.path(), &interrupt);
    println!("{}\n{}\n", machine::describe(), bench.describe());
    let costs = Output::ALL.map(|output| bench.measure(output));
    let costs = costs.into_iter().collect::<Result<Vec<_>>>()?;
    print!("{}", Report(&costs));
    Ok(if options.check {
        verdict(&costs)
    } else {
        ExitCode::SUCCESS
    })
}

fn verdict(costs: &[Cost]) -> ExitCode {
    let complaints: Vec<String> = costs.iter().flat_map(Cost::complaints).collect();
    for complaint in &complaints {
        eprintln!("xtask: too much: {complaint}");
    }
    if complaints.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

struct Bench<'a> {
    execsnoop: PathBuf,
    storm: Storm,
    rounds: u64,
    dir: &'a Path,
    interrupt: &'a Interrupt,
}

impl<'a> Bench<'a> {
    fn new(options: &Options, binaries: Binaries, dir: &'a Path, interrupt: &'a Interrupt) -> Self {
        let Options {
            execs,
            producers,
            rounds,
            ..
        } = *options;
        let storm = Storm {
            binary: binaries.workload,
            execs,
            producers,
            workload: None,
        };
        Self {
            execsnoop: binaries.execsnoop,
            storm,
            rounds,
            dir,
            interrupt,
        }
    }

    fn describe(&self) -> String {
        let Storm {
            execs, producers, ..
        } = self.storm;
        format!(
            "{} pairs of storms, {execs} execs each, {producers} at a time",
            self.rounds
        )
    }

    fn measure(&self, output: Output) -> Result<Cost> {
        Ok(Cost {
            output,
            kernel_time: self.kernel_time(output)?,
            slow_down: SlowDown::of(&self.pairs(output)?),
        })
    }

    fn kernel_time(&self, output: Output) -> Result<KernelTime> {
        let _on = BpfStats::on()?;
        let storms = (1..=KERNEL_STORMS).map(|storm| {
            progress(&format!(
                "{}: kernel time, {storm} of {KERNEL_STORMS}",
                output.label()
            ));
            self.timed_storm(output)
        });
        Ok(KernelTime::median(storms.collect::<Result<_>>()?))
    }

    fn timed_storm(&self, output: Output) -> Result<KernelTime> {
        let (_, said) = self.traced(output, &["--stats"])?;
        let mut programs = parse_programs(&said)?;
        programs.retain(|program| program.runs > 0);
        let seen = programs.iter().find(|program| program.name == EXEC_PROGRAM);
        let execs = seen.map_or(0, |program| program.runs);
        ensure!(
            execs >= self.storm.execs,
            "the tracer did not see the whole storm of {}: {programs:?}",
            self.storm.execs
        );
        Ok(KernelTime { programs, execs })
    }

    fn pairs(&self, output: Output) -> Result<Vec<Pair>> {
        let _off = BpfStats::off()?;
        (0..self.rounds)
            .map(|round| self.pair(output, round))
            .collect()
    }

    fn pair(&self, output: Output, round: u64) -> Result<Pair> {
        progress(&format!(
            "{}: pair {} of {}",
            output.label(),
            round + 1,
            self.rounds
        ));
        let traced = || Ok(self.traced(output, &[])?.0);
        Pair::measure(round, &|| self.untraced(), &traced)
    }

    fn untraced(&self) -> Result<f64> {
        self.interrupt.check()?;
        self.storm.run()
    }

    /// µs per exec, and the tracer's last messages.
    fn traced(&self, output: Output, more: &[&str]) -> Result<(f64, String)> {
        self.interrupt.check()?;
        let mut arguments = output.arguments(self.dir);
        arguments.extend(more.iter().map(PathBuf::from));
        let tracer = Tracer::start(&self.execsnoop, &arguments, self.dir)?;
        let time = self.storm.run()?;
        Ok((time, tracer.stop()?))
    }
}

/// A progress line that the next one overwrites.
fn progress(what: &str) {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        // A terminal that is gone is no reason to stop measuring.
        let _ = write!(stderr, "\r\x1b[K{what}\r");
        let _ = stderr.flush();
    }
}
