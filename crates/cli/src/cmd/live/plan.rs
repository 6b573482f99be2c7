//! What a command line asks for, checked before anything is traced.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::anyhow;
use execsnoop_clikit::Failure;
use execsnoop_clikit::ReadyFile;
use execsnoop_clikit::message;
use execsnoop_events::CelFilter;
use execsnoop_events::schema::Requirement;
use execsnoop_host::features::mounts;
use execsnoop_host::features::namespace::in_pid_namespace;
use execsnoop_probe::KernelFilters;
use execsnoop_probe::Options;
use nix::unistd::Uid;
use nix::unistd::User;

use crate::args::TraceArgs;
use crate::cmd::settings::OutputSpec;
use crate::cmd::settings::Settings;
use crate::cmd::settings::is_cgroup_directory;
use crate::output::RecordColumn;
use crate::output::TableColumn;
use crate::output::column_names;
use crate::pipeline::EventType;

/// A field that was asked for by name, and the option that did.
pub type RequestedField<'a> = (&'a str, &'static str);

/// What a command line asks for.
pub struct TracePlan {
    /// What the kernel side has to do.
    pub options: Options,
    /// The fields that were asked for by name. (JSON and CSV have all fields by themselves.)
    pub requested: Vec<RequestedField<'static>>,
    /// The pipeline's settings.
    pub settings: Settings,
}

impl TracePlan {
    /// The plan for these options.
    ///
    /// # Errors
    ///
    /// With status 2 if options contradict each other, or name something that does not exist.
    pub fn new(args: &TraceArgs) -> Result<Self, Failure> {
        let settings = Settings::new(args, in_container());
        let settings = settings.map_err(|error| Failure::new(2, error))?;
        check(args)?;
        warn_of_foreign_names(args, &settings);
        Ok(Self {
            options: kernel_options(args, &settings),
            requested: requested_fields(args, &settings),
            settings,
        })
    }

    /// The plan of a recorder with these options: whole lives and what completes them, unfiltered
    /// by the kernel side.
    ///
    /// # Errors
    ///
    /// See [`new`](Self::new).
    pub fn of_recorder(args: &TraceArgs) -> Result<Self, Failure> {
        let mut plan = Self::new(args)?;
        let options = &mut plan.options;
        options.forks = true;
        options.exits = true;
        options.final_usage = true;
        options.existing = true;
        options.filters.uid = None;
        options.filters.ppid = None;
        options.filters.excludes_cgroups = false;
        let selection = &mut plan.settings.selection;
        selection.ppid = args.select.ppid;
        selection.types = selection.types.iter().chain([EventType::Exit]).collect();
        selection.is_for_recording = true;
        Ok(plan)
    }
}

/// What can be wrong before anything begins.
fn check(args: &TraceArgs) -> Result<(), Failure> {
    if let Some(pid) = args.select.pid
        && !Path::new(&format!("/proc/{pid}")).exists()
    {
        let why = match mounts::has_proc() {
            true => "there is no such process",
            false => {
                "/proc is not mounted here, so no process can be found: mount -t proc proc /proc"
            }
        };
        return Err(anyhow!("--pid {pid}: {why}").into());
    }
    if let Some(path) = args.run.btf.as_ref().filter(|path| !path.is_file()) {
        let error = anyhow!("--btf {path:?}: there is no such file");
        return Err(Failure::new(2, error));
    }
    if let Some(user) = args.run.user.as_ref().filter(|user| !can_become(user)) {
        let name = &user.name;
        let error = anyhow!("--user {name}: only root can run CMD as another user");
        return Err(Failure::new(2, error));
    }
    if let Some(path) = &args.run.ready_file {
        ReadyFile::remove_stale(path)?;
    }
    Ok(())
}

fn can_become(user: &User) -> bool {
    let own = Uid::effective();
    own.is_root() || own == user.uid
}

/// Says why a column with names of users shows numbers.
fn warn_of_foreign_names(args: &TraceArgs, settings: &Settings) {
    let enrichment = &settings.enrichment;
    let shows_names = enrichment.requirements.contains(Requirement::UserNames);
    if shows_names && args.show.columns.is_some() && enrichment.names.is_foreign() {
        message("in a container, users and groups are shown as numbers, except root");
    }
}

/// What the kernel side has to do. If lives are followed it must not filter by user or parent: a
/// process that is filtered out at one event may be wanted at another, as an ancestor at least.
fn kernel_options(args: &TraceArgs, settings: &Settings) -> Options {
    let selection = &settings.selection;
    let types = selection.types;
    let follows_lives = settings.enrichment.follows_lives;
    let requires = |requirement| settings.enrichment.requirements.contains(requirement);
    let expression = selection.expression.as_ref();
    let pushed = expression.map(CelFilter::pushdown).unwrap_or_default();
    // The kernel side takes pids as the tracer knows them; records have those of the machine.
    let pushed_ppid = pushed.ppid.filter(|_| !in_pid_namespace());
    Options {
        failed: types.contains(EventType::Failed),
        failed_32_bit: args.kernel_select.failed_32_bit,
        forks: follows_lives || types.contains(EventType::Fork) || selection.root.is_some(),
        exits: follows_lives || args.run.follow,
        final_usage: types.contains(EventType::Process),
        existing: follows_lives || args.select.pid.is_some() || args.filters_parents(),
        exe_path: requires(Requirement::ExePath),
        cwd: requires(Requirement::WorkingDirectory),
        env: !args.show.env.is_empty(),
        cgroups: requires(Requirement::CgroupNames),
        sessions: requires(Requirement::Sessions),
        ring_bytes: execsnoop_probe::ring_bytes(args.run.ring_size),
        btf: args.run.btf.clone(),
        perf_buffer: args.run.perf_buffer,
        measure: args.run.stats,
        filters: KernelFilters {
            uid: args.select.uid.or(pushed.uid).filter(|_| !follows_lives),
            ppid: args.select.ppid.or(pushed_ppid).filter(|_| !follows_lives),
            cgroup: args
                .select
                .cgroup
                .clone()
                .filter(|path| is_cgroup_directory(path)),
            by_name: !selection.cgroup.is_empty(),
            excludes_cgroups: !follows_lives,
            cgroup_map: args.kernel_select.cgroupmap.clone(),
            mount_ns_map: args.kernel_select.mntnsmap.clone(),
        },
    }
}

fn requested_fields(args: &TraceArgs, settings: &Settings) -> Vec<RequestedField<'static>> {
    let expression = settings.selection.expression.iter();
    let filtered = expression.flat_map(CelFilter::fields);
    let mut requested: Vec<_> = filtered.map(|field| (field, "--filter")).collect();
    let list = args.show.columns.as_deref().unwrap_or_default();
    let is_named = |name: &str| column_names(list).any(|listed| listed == name);
    let fields: Vec<&str> = match &settings.output {
        OutputSpec::Json => Vec::new(),
        OutputSpec::Csv { columns, .. } => columns
            .iter()
            .filter(|column| is_named(column.name))
            .map(RecordColumn::field_name)
            .collect(),
        OutputSpec::Table { columns, .. } => columns
            .iter()
            .filter(|column| is_named(column.name()))
            .map(TableColumn::field)
            .collect(),
    };
    requested.extend(fields.into_iter().map(|field| (field, "--columns")));
    requested.extend(args.show.cwd.then_some(("cwd", "--cwd")));
    requested.extend((!args.show.env.is_empty()).then_some(("env", "--env")));
    requested
}

/// Whether the users that this process finds are others than those of the machine's first process.
fn in_container() -> bool {
    if in_pid_namespace() {
        return true;
    }
    let file = |path| fs::metadata(path).map(|meta| (meta.dev(), meta.ino()));
    match (file("/etc/passwd"), file("/proc/1/root/etc/passwd")) {
        (Ok(own), Ok(machine)) => own != machine,
        _ => false,
    }
}
