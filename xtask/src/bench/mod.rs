//! `cargo xtask bench`: execsnoop beside what people would use instead, on the same storms.

mod audit;
mod contest;
mod control;
mod endurance;
mod first_event;
mod kernel_time;
mod marks;
mod report;
mod running;
mod shapes;
mod tools;
mod usage;

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

use self::contest::Contest;
use self::contest::Score;
use self::endurance::Endured;
use self::first_event::FirstEvent;
use self::report::Row;
use self::shapes::ONE_PRODUCER;
use self::shapes::SHAPES;
use self::shapes::STAYS;
use self::shapes::Shape;
use self::shapes::TWO_PRODUCERS;
use self::tools::Tool;
use crate::binaries::Binaries;
use crate::bpf_stats::BpfStats;
use crate::interrupt::Interrupt;
use crate::machine;
use crate::storm::Storm;

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
    /// How long the storm is by which losses are looked for, in seconds; 0 leaves it out
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
        let shapes = self.shapes();
        section(
            "How many times as long a storm takes",
            &report::slow_down(&rows, &shapes),
        );
        section(
            "The same beside a program that traces nothing",
            &self.control()?,
        );
        section(
            "Execs shown / with all arguments / lost as the tool tells",
            &report::completeness(&rows, &shapes),
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

    fn shapes(&self) -> Vec<&'static Shape> {
        let wanted = self.options.storm.as_deref().unwrap_or_default();
        let shapes = SHAPES.iter();
        shapes
            .filter(|shape| shape.title.contains(wanted))
            .collect()
    }

    fn storm(&self, shape: &Shape) -> Storm {
        Storm {
            workload: self.binaries.workload.clone(),
            execs: shape.execs,
            producers: shape.producers,
            shape: Some(shape.name),
        }
    }

    /// Everything about one tool. That it cannot run here is a result, too.
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
        for shape in self.shapes() {
            row.scores.push(self.score(tool, shape)?);
        }
        let workload = &self.binaries.workload;
        row.tax_ns = Some(contest::tax(tool, workload, self.dir, self.options.rounds)?);
        Ok(())
    }

    fn score(&self, tool: &Tool, shape: &Shape) -> Result<Score> {
        self.interrupt.check()?;
        eprintln!("{}: {}", tool.name, shape.title);
        let contest = Contest {
            tool,
            storm: &self.storm(shape),
            shape,
            dir: self.dir,
        };
        contest.run(self.options.rounds)
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

    fn endurance(&self, ours: &[&Tool]) -> Result<Vec<Endured>> {
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
                all.push(endurance::endure(tool, &storm, time, stopped, self.dir)?);
            }
        }
        Ok(all)
    }

    /// What is in each of these figures that is no tracer's.
    fn control(&self) -> Result<String> {
        let mut figures = Vec::new();
        for shape in [ONE_PRODUCER, STAYS] {
            self.interrupt.check()?;
            eprintln!("beside a program that traces nothing: {}", shape.title);
            let slow_down = control::measure(&self.storm(&shape), self.options.rounds)?;
            figures.push((shape.title, slow_down));
        }
        Ok(report::control(&figures))
    }

    fn idle(&self, tool: &Tool) -> Result<String> {
        let place = running::Place::fresh(self.dir.join("tool"))?;
        let running = running::Running::start(tool, false, place, &self.binaries.workload)?;
        usage::wait_until_quiet(running.pid());
        let (start, before) = (Instant::now(), running.usage().cpu_ns);
        std::thread::sleep(IDLE);
        let time = (running.usage().cpu_ns - before) as f64;
        let share = time / start.elapsed().as_nanos() as f64;
        running.stop()?;
        Ok(format!("{:.3} % of a CPU, over {IDLE:?}.\n", share * 100.0))
    }
}

/// Long enough for the reader to be stopped in its midst.
const STOPPED_STORM: Duration = Duration::from_secs(6);

fn section(title: &str, text: &str) {
    println!("## {title}\n\n{text}");
}

/// Peers need these to be mounted, some at the older of the two places; often they are.
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
