//! `cargo xtask bench`: execsnoop beside what people would use instead, on the same storms.

mod audit;
mod baseline;
mod endurance;
mod first_event;
mod kernel_time;
mod markers;
mod report;
mod running_tool;
mod tool_run;
mod tools;
mod usage;
mod workloads;

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitCode;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use clap::Args;

use self::endurance::Sustained;
use self::first_event::FirstEvent;
use self::report::Row;
use self::tool_run::ToolResult;
use self::tool_run::ToolRun;
use self::tools::Tool;
use self::workloads::ONE_CPU;
use self::workloads::ONE_PRODUCER;
use self::workloads::TWO_PRODUCERS;
use self::workloads::WORKLOADS;
use self::workloads::Workload;
use crate::build::binaries::Binaries;
use crate::measure::bpf_stats::BpfStats;
use crate::measure::machine;
use crate::measure::storm::Storm;
use crate::process::interrupt::Interrupt;

/// Measure execsnoop beside other tracers: slow-down, loss, cost
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Pairs of an untraced and a traced storm, for each tool and each storm
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    rounds: u64,
    /// Only tools whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Only storms whose title contains this
    #[arg(long, value_name = "TEXT")]
    storm: Option<String>,
    /// Length of the storm that measures losses, in seconds; 0 skips it
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    endurance: u64,
    /// Measure this binary instead of building one
    #[arg(long, value_name = "PATH")]
    execsnoop: Option<PathBuf>,
}

/// How long a tracer is watched while nothing happens.
const IDLE: Duration = Duration::from_secs(20);

/// Measures, and prints tables in Markdown.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let dir = tempfile::tempdir().context("no temporary directory could be made")?;
    let bench = Bench {
        options,
        interrupt: Interrupt::catch()?,
        binaries: Binaries::build(options.execsnoop.as_deref(), dir.path())?,
        dir: dir.path(),
    };
    mount_tracing();
    let _off = BpfStats::off()?;
    println!("{}\n", machine::describe());
    bench.tables()?;
    Ok(ExitCode::SUCCESS)
}

struct Bench<'a> {
    options: &'a Options,
    interrupt: Interrupt,
    binaries: Binaries,
    dir: &'a Path,
}

impl Bench<'_> {
    fn tables(&self) -> Result<()> {
        let tools = tools::all(&self.binaries.execsnoop);
        let only = self.options.only.as_deref().unwrap_or_default();
        let chosen = tools.iter().filter(|tool| tool.name.contains(only));
        let rows = chosen
            .map(|tool| self.row(tool))
            .collect::<Result<Vec<_>>>()?;
        let workloads = self.workloads();
        section(
            "How many times as long a storm takes",
            &report::slow_down(&rows, &workloads),
        );
        section(
            "The same beside a program that traces nothing",
            &self.control()?,
        );
        section(
            "Execs shown / with all arguments / lost as the tool tells",
            &report::completeness(&rows, &workloads),
        );
        section("What it takes", &report::costs(&rows));
        section("How each was run", &report::commands(&rows));
        let ours: Vec<&Tool> = tools.iter().filter(|tool| tool.ours).collect();
        section(
            "Kernel time",
            &report::kernel_time(&kernel_time::measure(
                &self.binaries.execsnoop,
                &self.storm(&ONE_PRODUCER),
                self.dir,
            )?),
        );
        if self.options.endurance > 0 {
            section(
                "What execsnoop loses",
                &report::endurance(&self.endurance(&ours)?),
            );
        }
        section(
            "What execsnoop takes while nothing happens",
            &self.idle(ours[0])?,
        );
        Ok(())
    }

    fn workloads(&self) -> Vec<&'static Workload> {
        let wanted = self.options.storm.as_deref().unwrap_or_default();
        let workloads = WORKLOADS.iter();
        workloads
            .filter(|workload| workload.title.contains(wanted))
            .collect()
    }

    fn storm(&self, workload: &Workload) -> Storm {
        Storm {
            binary: self.binaries.workload.clone(),
            execs: workload.execs,
            producers: workload.producers,
            workload: Some(workload.name),
        }
    }

    /// Measures one tool. If the tool cannot run here, the row says why.
    fn row(&self, tool: &Tool) -> Result<Row> {
        let mut row = Row {
            name: tool.name,
            command: tool.command_line(),
            ..Row::default()
        };
        if let Err(error) = self.fill(tool, &mut row) {
            self.interrupt.check()?;
            row.obstacle = Some(format!("{error:#}"));
        }
        Ok(row)
    }

    fn fill(&self, tool: &Tool, row: &mut Row) -> Result<()> {
        row.first = self.first_event(tool)?;
        for workload in self.workloads() {
            row.results.push(self.result(tool, workload)?);
        }
        let workload = &self.binaries.workload;
        row.tax_ns = Some(tool_run::tax(
            tool,
            workload,
            self.dir,
            self.options.rounds,
        )?);
        Ok(())
    }

    fn result(&self, tool: &Tool, workload: &Workload) -> Result<ToolResult> {
        self.interrupt.check()?;
        eprintln!("{}: {}", tool.name, workload.title);
        let run = ToolRun {
            tool,
            storm: &self.storm(workload),
            workload,
            dir: self.dir,
        };
        run.run(self.options.rounds)
    }

    /// The median of three.
    fn first_event(&self, tool: &Tool) -> Result<Option<FirstEvent>> {
        let once = |_| first_event::measure(tool, &self.binaries.workload, self.dir);
        let times = (0..3).map(once).collect::<Result<Option<Vec<_>>>>()?;
        Ok(times.map(|mut times| {
            times.sort_by_key(|first| first.shown);
            times[1]
        }))
    }

    fn endurance(&self, ours: &[&Tool]) -> Result<Vec<Sustained>> {
        let long = Duration::from_secs(self.options.endurance);
        let storm = self.storm(&TWO_PRODUCERS);
        let mut all = Vec::new();
        for tool in ours {
            for (time, stopped) in [
                (long, None),
                (STOPPED_STORM, Some(500)),
                (STOPPED_STORM, Some(3000)),
            ] {
                self.interrupt.check()?;
                let stopped = stopped.map(Duration::from_millis);
                eprintln!("{}: a storm of {time:?}, stopped: {stopped:?}", tool.name);
                all.push(endurance::sustain(tool, &storm, time, stopped, self.dir)?);
            }
        }
        Ok(all)
    }

    /// The part of each of these figures that no tracer causes.
    fn control(&self) -> Result<String> {
        let mut figures = Vec::new();
        for workload in [ONE_PRODUCER, ONE_CPU] {
            self.interrupt.check()?;
            eprintln!("beside a program that traces nothing: {}", workload.title);
            let slow_down = baseline::measure(&self.storm(&workload), self.options.rounds)?;
            figures.push((workload.title, slow_down));
        }
        Ok(report::control(&figures))
    }

    fn idle(&self, tool: &Tool) -> Result<String> {
        let tool_dir = running_tool::ToolDir::fresh(self.dir.join("tool"))?;
        let running =
            running_tool::RunningTool::start(tool, false, tool_dir, &self.binaries.workload)?;
        usage::wait_until_quiet(running.pid());
        let (start, before) = (Instant::now(), running.usage().cpu_ns);
        std::thread::sleep(IDLE);
        let time = (running.usage().cpu_ns - before) as f64;
        let share = time / start.elapsed().as_nanos() as f64;
        running.stop()?;
        Ok(format!("{:.3} % of a CPU, over {IDLE:?}.\n", share * 100.0))
    }
}

/// Long enough to stop the reader in the middle of it.
const STOPPED_STORM: Duration = Duration::from_secs(6);

fn section(title: &str, text: &str) {
    println!("## {title}\n\n{text}");
}

/// Other tracers need these mounts, some of them the older one.
fn mount_tracing() {
    for (kind, at) in [
        ("debugfs", "/sys/kernel/debug"),
        ("tracefs", "/sys/kernel/tracing"),
    ] {
        let mut mount = Command::new("mount");
        mount.args(["-t", kind, "nodev", at]).stderr(Stdio::null());
        // That it is there already is no failure; without it, peers say what they miss.
        let _ = mount.status();
    }
}
