//! `cargo xtask kernels`: the end-to-end tests on many kernels, each in a virtual machine.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use tempfile::TempDir;

mod apt;
mod cache;
mod console;
mod guest;
mod initramfs;
mod objects;
mod options;
mod package;
mod page;
mod suite;
mod table;

use self::apt::Apt;
use self::cache::Kernel;
use self::guest::Boot;
use self::guest::QEMU;
use self::guest::Run;
use self::initramfs::Contents;
use self::initramfs::Probes;
pub(crate) use self::options::Options;
use self::package::Package;
use self::suite::Backend;
use self::table::Row;
use self::table::Table;
use crate::build::binaries::build_workload;
use crate::build::static_build::StaticBuild;
use crate::process::interrupt::Interrupt;
use crate::process::run::output_of;

/// How often a guest is booted that does not finish.
const BOOTS: usize = 4;

/// The source of the kernel's types for bpfrun.
const TYPES: &str = "/sys/kernel/btf/vmlinux";

/// Exit status: nothing was tested, since this machine cannot.
const SKIPPED: u8 = 77;

/// Boots the chosen kernels; fails if any row is not green.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let (apt, packages) = match find_packages(options) {
        Ok(found) => found,
        Err(error) if options.must_run => return Err(error),
        Err(error) => return Ok(skip(&error)),
    };
    let packages = choose(options, packages)?;
    if options.list {
        packages
            .iter()
            .for_each(|package| println!("{}", package.release));
        return Ok(ExitCode::SUCCESS);
    }
    let cache = cache_dir(options)?;
    let (kernels, missing) = match fetch(&apt, &cache, &packages) {
        Ok(fetched) => fetched,
        Err(error) if options.must_run => return Err(error),
        Err(error) => return Ok(skip(&error)),
    };
    let rows = Matrix::prepare(options)?.run(&kernels)?;
    report(options, &rows, &missing)
}

/// One package is enough for each series; a series without any package is an error.
fn fetch(apt: &Apt, cache: &Path, packages: &[Package]) -> Result<(Vec<Kernel>, Vec<Package>)> {
    let (kernels, missing) = cache::kernels(apt, cache, packages)?;
    if let Some((major, minor)) = cache::uncovered(&kernels, &missing) {
        bail!("no kernel of the series {major}.{minor} could be fetched");
    }
    Ok((kernels, missing))
}

fn skip(error: &anyhow::Error) -> ExitCode {
    announce_skipped(&format!("the tests on other kernels: {error:#}"));
    ExitCode::from(SKIPPED)
}

fn announce_skipped(what: &str) {
    let line = "*".repeat(78);
    eprintln!("\n{line}\nSKIPPED: {what}\n{line}\n");
}

fn cache_dir(options: &Options) -> Result<PathBuf> {
    let dir = options.cache.clone().map_or_else(cache::default_dir, Ok)?;
    std::fs::create_dir_all(&dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    dir.canonicalize().context("the cache is gone")
}

fn find_packages(options: &Options) -> Result<(Apt, Vec<Package>)> {
    ensure!(
        std::env::consts::ARCH == "x86_64",
        "only kernels for x86_64 are booted, and this machine is not one"
    );
    for tool in [QEMU, "cpio", "apt-get", "dpkg-deb"] {
        output_of(Command::new(tool).arg("--version"))
            .context("this needs scripts/install-packages kernels, on Debian")?;
    }
    let apt = Apt::set_up(&cache_dir(options)?.join("apt"))?;
    let packages = package::newest_of_each(apt.kernels()?);
    Ok((apt, packages))
}

fn choose(options: &Options, packages: Vec<Package>) -> Result<Vec<Package>> {
    if options.quick {
        return Ok(package::quick_set(&packages));
    }
    for wanted in &options.only {
        let exists = packages.iter().any(|package| package.answers_to(wanted));
        ensure!(
            exists,
            "there is no kernel {wanted}: --list tells which there are"
        );
    }
    let wanted = |package: &Package| {
        options.only.is_empty() || options.only.iter().any(|kernel| package.answers_to(kernel))
    };
    Ok(packages.into_iter().filter(wanted).collect())
}

/// Settings that all guests share.
struct Matrix<'a> {
    options: &'a Options,
    dir: TempDir,
    initramfs: PathBuf,
    interrupt: Interrupt,
}

impl<'a> Matrix<'a> {
    fn prepare(options: &'a Options) -> Result<Self> {
        let dir = tempfile::tempdir().context("no temporary directory could be made")?;
        let build = StaticBuild {
            clang: options.clang.as_deref().map(find_clang).transpose()?,
            locked: options.locked,
        };
        let (execsnoop, e2e) = build.with_tests()?;
        let probes = probes(options, &build, dir.path())?;
        let tests = tests(options, &e2e)?;
        ensure!(
            tests != Some(Vec::new()) || probes.is_some(),
            "no test has {:?} in its name",
            options.tests()
        );
        let contents = Contents {
            execsnoop: &execsnoop,
            e2e: &e2e,
            workload: &build_workload(dir.path())?,
            tests: tests.as_deref(),
            probes: probes.as_ref(),
        };
        let initramfs = initramfs::make(&contents, dir.path())?;
        if let Some(logs) = &options.logs {
            std::fs::create_dir_all(logs)?;
        }
        Ok(Self {
            options,
            initramfs,
            dir,
            interrupt: Interrupt::catch()?,
        })
    }

    /// Boots up to `--jobs` guests at a time. Returns the rows in the order of the kernels.
    fn run(&self, kernels: &[Kernel]) -> Result<Vec<Row>> {
        let waiting = Mutex::new(kernels.iter().enumerate());
        let next = || waiting.lock().ok().and_then(|mut waiting| waiting.next());
        let work = || {
            let mut rows = Vec::new();
            while let Some((index, kernel)) = next() {
                rows.push((index, self.row(kernel)?));
            }
            Ok(rows)
        };
        let mut rows = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.jobs()).map(|_| scope.spawn(work)).collect();
            let joined = workers.into_iter().map(|worker| {
                let rows: Result<Vec<(usize, Row)>> = worker.join().expect("no worker panics");
                rows
            });
            joined.collect::<Result<Vec<_>>>()
        })?
        .concat();
        rows.sort_by_key(|(index, _)| *index);
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    fn jobs(&self) -> u16 {
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        let cpus = u16::try_from(cpus).unwrap_or(u16::MAX);
        self.options.jobs.unwrap_or(cpus)
    }

    /// A guest that dies, or in which a test fails, is booted again, and the table says so.
    /// Emulation is slow and not perfect: 5.10 locks up sometimes, and all kernels have crashed
    /// early in a boot.
    fn row(&self, kernel: &Kernel) -> Result<Row> {
        let mut notes = Vec::new();
        let mut run = self.boot(kernel)?;
        for _ in 1..BOOTS {
            let Some(why) = second_chance(&run) else {
                break;
            };
            notes.push(format!("booted again after {why}"));
            run = self.boot(kernel)?;
        }
        let complaint = console::first_complaint(&run.console);
        if run.stuck.is_none() {
            notes.extend(complaint.map(|complaint| format!("the kernel said: {complaint}")));
        }
        let row = Row {
            release: run
                .results
                .release
                .clone()
                .unwrap_or_else(|| kernel.package.release.clone()),
            version: kernel.version.clone(),
            backend: self.options.backend,
            stuck: run.stuck.as_ref().map(|_| symptom(&run)),
            took: run.took,
            reasons: console::skip_reasons(&run.console),
            results: run.results,
            notes,
        };
        self.announce(&row, &run.times);
        Ok(row)
    }

    fn boot(&self, kernel: &Kernel) -> Result<Run> {
        let boot = Boot {
            kernel,
            initramfs: &self.initramfs,
            backend: self.options.backend,
            limit: Duration::from_secs(self.options.limit),
        };
        let logs = self.options.logs.as_deref().unwrap_or(self.dir.path());
        let console = free_name(&logs.join(format!("{}.log", kernel.package.release)));
        boot.run(&console, &self.interrupt)
    }

    fn announce(&self, row: &Row, times: &[(Duration, String)]) {
        let Row {
            release,
            results,
            took,
            ..
        } = row;
        let verdict = if row.is_green() { "ok" } else { "FAILED" };
        let (passed, failed) = (results.passed.len(), results.failed.len());
        let skipped = results.skipped.len();
        eprintln!(
            "xtask: {release}: {verdict}, {passed} passed, {failed} failed, {skipped} skipped, {} s",
            took.as_secs()
        );
        for (test, why) in &results.failed {
            eprintln!("xtask: {release}: {test}: {why}");
        }
        if self.options.times {
            for (time, test) in times {
                eprintln!("{:>8.1} s  {test}", time.as_secs_f64());
            }
        }
    }
}

/// A file name that is free: the console of an earlier boot stays.
fn free_name(path: &Path) -> PathBuf {
    match path.exists() {
        true => free_name(&path.with_extension("again.log")),
        false => path.to_owned(),
    }
}

/// Why a guest is booted again; `None` if it is not. A call trace through one of our BPF programs
/// is not the emulation's fault.
fn second_chance(run: &Run) -> Option<String> {
    if run.stuck.is_some() {
        return (!console::blames_bpf(&run.console)).then(|| symptom(run));
    }
    let failed: Vec<&str> = run
        .results
        .failed
        .iter()
        .map(|(test, _)| test.as_str())
        .collect();
    (!failed.is_empty()).then(|| format!("{} failed", failed.join(", ")))
}

/// How and where a guest got stuck.
fn symptom(run: &Run) -> String {
    let stuck = run.stuck.as_deref().unwrap_or_default();
    let at = run.results.current.as_deref();
    let at = at.map_or(String::new(), |test| format!(" in {test}"));
    let said = console::first_complaint(&run.console).or(run.console.lines().last());
    format!("{stuck}{at}: {}", said.unwrap_or("no output").trim())
}

/// Names of execsnoop's tests: `None` for all, an empty list for none.
fn tests(options: &Options, e2e: &Path) -> Result<Option<Vec<String>>> {
    match options.tests() {
        "all" => Ok(None),
        "kernel" => Ok(Some(options.backend.kernel_tests())),
        "matrix" => Ok(Some(options.backend.matrix_tests())),
        "brief" => Ok(Some(options.backend.brief_tests())),
        filter => named(e2e, filter).map(Some),
    }
}

/// bpfrun's few tests of probes inside the kernel, which run with every set and by name. They need
/// the kernels' types, which are hidden for the classic backend.
fn probes(options: &Options, build: &StaticBuild, dir: &Path) -> Result<Option<Probes>> {
    if options.backend == Backend::Classic {
        return Ok(None);
    }
    if !Path::new(TYPES).exists() {
        let why = format!("bpfrun's programs cannot be compiled here, where there is no {TYPES}");
        ensure!(!options.must_run, why);
        announce_skipped(&why);
        return Ok(None);
    }
    let (bpfrun, executable) = build.bpfrun_with_probes()?;
    let tests = match options.tests() {
        "all" | "kernel" | "matrix" | "brief" => named(&executable, "")?,
        filter => named(&executable, filter)?,
    };
    if tests.is_empty() {
        return Ok(None);
    }
    let objects = dir.join("objects");
    objects::compile(&bpfrun, build.clang.as_deref(), &objects)?;
    Ok(Some(Probes {
        bpfrun,
        executable,
        objects,
        tests,
    }))
}

/// The tests of an executable that have one of `wanted` (a,b,c) in their names.
fn named(executable: &Path, wanted: &str) -> Result<Vec<String>> {
    let listed = output_of(Command::new(executable).arg("--list"))?;
    let names = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    let chosen = names.filter(|name| wanted.split(',').any(|part| name.contains(part)));
    Ok(chosen.map(str::to_owned).collect())
}

/// The path of a clang by its name.
fn find_clang(name: &str) -> Result<PathBuf> {
    if name != "newest" {
        return Ok(name.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let files = std::env::split_paths(&path).flat_map(|dir| dir.read_dir().into_iter().flatten());
    let clangs = files.filter_map(|file| {
        let file = file.ok()?.path();
        let version = file.file_name()?.to_str()?.strip_prefix("clang-")?;
        Some((version.parse::<u32>().ok()?, file))
    });
    let newest = clangs.max().map(|(_, file)| file);
    newest.context("there is no clang-N in the PATH: scripts/install-packages newest-clang")
}

fn report(options: &Options, rows: &[Row], missing: &[Package]) -> Result<ExitCode> {
    let mut text = format!("{}\n\n{}", circumstances(options)?, Table(rows));
    for package in missing {
        let name = &package.name;
        text += &format!("\nNot run: {name}, which the package source lists and does not serve.\n");
    }
    print!("{text}");
    if let Some(file) = &options.write {
        page::write(file, options.backend, &text).with_context(|| format!("{}", file.display()))?;
    }
    let green = rows.iter().all(Row::is_green) && !rows.is_empty();
    Ok(if green {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Date, versions and tests, for the line above the tables.
fn circumstances(options: &Options) -> Result<String> {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d");
    let qemu = first_line(&output_of(Command::new(QEMU).arg("--version"))?);
    let clang = options
        .clang
        .as_deref()
        .map_or(Ok("clang".into()), find_clang)?;
    let clang = first_line(&output_of(Command::new(clang).arg("--version"))?);
    let tests = options.tests();
    Ok(format!(
        "{date}, {qemu}, emulated (TCG), 2 processors; {clang}; tests: {tests}"
    ))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
