//! `cargo xtask bench-bpfrun`: how long bpfrun takes until a program of the classic size is
//! attached, and what it holds then; beside BCC, where BCC runs.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use clap::Args;

mod contender;
mod table;

use self::contender::Contender;
use self::contender::Kind;
use self::table::Report;
use self::table::Row;
use crate::build::binaries::workspace;
use crate::measure::machine;
use crate::process::interrupt::Interrupt;
use crate::process::run::output_of;

/// The classic execsnoop in BCC's dialect, which both can run.
const PROGRAM: &str = "crates/bpfrun/tests/programs/classic.c";

/// Measure how fast bpfrun starts and what it holds, beside BCC where that runs
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Starts of each, in turns
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=1000))]
    rounds: u64,
    /// Measure this binary instead of target/release/bpfrun
    #[arg(long, value_name = "PATH", default_value = "target/release/bpfrun")]
    bpfrun: PathBuf,
    /// Fail if it takes more than 250 ms uncached, more than 50 ms above loading and attaching from
    /// the cache, or holds more than 30 MB
    #[arg(long)]
    check: bool,
}

/// Measures and prints; fails under `--check` when it is too much.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let dir = tempfile::tempdir().context("no temporary directory could be made")?;
    let interrupt = Interrupt::catch()?;
    println!("{}\n{}\n", machine::describe(), versions(options.rounds));
    let contenders = contenders(&options.bpfrun, dir.path())?;
    let report = Report(measure(options, &contenders, &interrupt)?);
    print!("{report}");
    let complaints = report.complaints();
    if options.check {
        complaints
            .iter()
            .for_each(|complaint| eprintln!("xtask: too much: {complaint}"));
    }
    Ok(match options.check && !complaints.is_empty() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn versions(rounds: u64) -> String {
    let clang = output_of(Command::new("clang").arg("--version"));
    let clang = clang.map_or("no clang".to_owned(), |text| {
        text.lines().next().unwrap_or("clang").to_owned()
    });
    format!("{rounds} starts of each, in turns; {clang}; {PROGRAM}")
}

/// Those that run in this place; the object is made here.
fn contenders(bpfrun: &Path, dir: &Path) -> Result<Vec<Contender>> {
    let bpfrun = bpfrun
        .canonicalize()
        .with_context(|| format!("{} is not there: `make` builds it", bpfrun.display()))?;
    let (program, object) = (workspace().join(PROGRAM), dir.join("classic.o"));
    let mut emit = Command::new(&bpfrun);
    emit.arg(&program)
        .args(["--no-cache", "--emit", "object", "-o"])
        .arg(&object);
    output_of(&mut emit).context("the program cannot be compiled here")?;
    let of = |kind| Contender {
        kind,
        bpfrun: bpfrun.clone(),
        program: program.clone(),
        object: object.clone(),
        dir: dir.to_owned(),
    };
    Ok(Kind::ALL.map(of).into())
}

/// All in each round, so that a machine that is busy for a while favours none. One that does not
/// start is asked once, at the beginning, and its reason kept.
fn measure(options: &Options, contenders: &[Contender], interrupt: &Interrupt) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = contenders
        .iter()
        .map(|contender| Row::new(contender.kind))
        .collect();
    for round in 0..=options.rounds {
        for (contender, row) in contenders.iter().zip(&mut rows) {
            interrupt.check()?;
            if row.cannot.is_some() {
                continue;
            }
            match contender.start()? {
                // The first fills caches: the disk's, and bpfrun's own.
                Ok(_) if round == 0 => {}
                Ok(start) => row.starts.push(start),
                Err(why) if contender.kind.is_ours() => {
                    ensure!(false, "{}: {why}", contender.kind.label());
                }
                Err(why) => row.cannot = Some(why),
            }
        }
    }
    Ok(rows)
}
