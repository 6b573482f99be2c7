//! The time of execsnoop's BPF programs, by command line.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Result;

use crate::measure::bpf_stats::BpfStats;
use crate::measure::storm::Storm;
use crate::measure::tracer::Program;
use crate::measure::tracer::Tracer;
use crate::measure::tracer::parse_programs;

/// The measured options, from few events to many.
const ASKED: [&[&str]; 8] = [
    &["--format", "csv", "--columns", "pid,args"],
    &[],
    &["--format", "csv", "--columns", "pid,exe,args"],
    &["--format", "csv", "--columns", "pid,exe,args,container,tty"],
    &["--format", "json"],
    &["--format", "json", "--cwd", "--env", "PATH"],
    &["-x"],
    &["-d", "--format", "json"],
];

/// Storms per command line: an odd number, for the median.
const STORMS: usize = 5;

/// The time of execsnoop's BPF programs per exec.
#[derive(Debug)]
pub(crate) struct KernelTime {
    /// The command line as a user types it.
    pub(crate) command: String,
    /// ns, by program.
    pub(crate) programs: Vec<(String, f64)>,
}

impl KernelTime {
    /// All programs together.
    pub(crate) fn ns(&self) -> f64 {
        self.programs.iter().map(|(_, ns)| ns).sum()
    }
}

/// Measures one command line after another.
pub(crate) fn measure(execsnoop: &Path, storm: &Storm, dir: &Path) -> Result<Vec<KernelTime>> {
    let _on = BpfStats::on()?;
    let median = |asked| {
        let storms = (0..STORMS).map(|_| once(execsnoop, storm, dir, asked));
        let mut storms = storms.collect::<Result<Vec<_>>>()?;
        storms.sort_by(|a, b| a.ns().total_cmp(&b.ns()));
        Ok(storms.swap_remove(STORMS / 2))
    };
    ASKED.into_iter().map(median).collect()
}

fn once(execsnoop: &Path, storm: &Storm, dir: &Path, asked: &[&str]) -> Result<KernelTime> {
    let mut arguments: Vec<PathBuf> = asked.iter().map(PathBuf::from).collect();
    arguments.extend(["--stats", "-o"].map(PathBuf::from));
    arguments.push(dir.join("trace"));
    let tracer = Tracer::start(execsnoop, &arguments, dir)?;
    storm.run()?;
    let programs = parse_programs(&tracer.stop()?)?;
    let ran = programs.iter().filter(|program| program.runs > 0);
    Ok(KernelTime {
        command: [&["execsnoop"], asked].concat().join(" "),
        programs: ran.map(|program| for_each_exec(program, storm)).collect(),
    })
}

/// Some programs also run for other events: system calls that succeed, threads.
fn for_each_exec(program: &Program, storm: &Storm) -> (String, f64) {
    let total = program.ns_each * program.runs as f64;
    (program.name.clone(), total / storm.execs as f64)
}
