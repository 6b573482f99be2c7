//! From the options of a verb to the settings of a pipeline.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use anyhow::Context as _;
use anyhow::anyhow;
use anyhow::bail;
use anyhow::ensure;
use execsnoop_clikit::OutputTarget;
use execsnoop_clikit::SizeLimit;
use execsnoop_events::ArgLimits;
use execsnoop_events::CelError;
use execsnoop_events::CelFilter;
use execsnoop_events::schema;
use execsnoop_events::schema::RecordType;
use execsnoop_events::schema::Requirement;
use nix::sys::statfs::CGROUP_SUPER_MAGIC;
use nix::sys::statfs::CGROUP2_SUPER_MAGIC;
use nix::sys::statfs::Statfs;
use nix::sys::statfs::statfs;
use regex::bytes::Regex;

use crate::args::Format;
use crate::args::Redact;
use crate::args::SelectArgs;
use crate::args::ShowArgs;
use crate::args::TraceArgs;
use crate::cmd::contradictions;
use crate::output::Compat;
use crate::output::CsvFormat;
use crate::output::JsonFormat;
use crate::output::LineOutput;
use crate::output::RecordColumn;
use crate::output::Table;
use crate::output::TableColumn;
use crate::output::TableOptions;
use crate::output::choose_csv;
use crate::output::choose_table;
use crate::output::is_colored;
use crate::output::record_columns;
use crate::pipeline::CgroupFilter;
use crate::pipeline::Consumer;
use crate::pipeline::Enrichment;
use crate::pipeline::EventType;
use crate::pipeline::EventTypes;
use crate::pipeline::Pipeline;
use crate::pipeline::Requirements;
use crate::pipeline::Root;
use crate::pipeline::Selection;
use crate::pipeline::TimeRange;
use crate::pipeline::UserNames;

/// Probably the filter was meant for something else.
pub const NO_CGROUP_MATCHED: &str = "no process matched the container, unit or cgroup. Containers are matched by the beginning of \
     their id (4 or more digits), by name only for LXC and nspawn; --columns +container,unit shows \
     those that exist";

/// The output format with its columns.
#[derive(Debug)]
pub enum OutputSpec {
    /// A table.
    Table {
        options: TableOptions,
        columns: Vec<TableColumn>,
        has_args: bool,
        fits_terminal: bool,
    },
    /// JSON lines.
    Json,
    /// CSV; `is_chosen` if columns were named.
    Csv {
        columns: Vec<RecordColumn>,
        is_chosen: bool,
    },
}

/// What a pipeline is built from.
#[derive(Debug)]
pub struct Settings {
    pub selection: Selection,
    pub enrichment: Enrichment,
    pub output: OutputSpec,
}

impl Settings {
    /// The settings for these options. `in_container`: names of users are not those of the machine.
    pub fn new(args: &TraceArgs, in_container: bool) -> anyhow::Result<Self> {
        contradictions::check(args)?;
        let selection = selection(args)?;
        let output = OutputSpec::new(&args.show, selection.types)?;
        let enrichment = enrichment(args, &selection, &output, in_container);
        Ok(Self {
            selection,
            enrichment,
            output,
        })
    }

    /// A pipeline that writes to this target.
    pub fn into_pipeline(mut self, show: &ShowArgs, target: OutputTarget) -> Pipeline {
        self.enrichment.redaction = redaction(show, target.is_terminal());
        let consumer = self.output.consumer(show, target);
        Pipeline::new(self.selection, self.enrichment, consumer)
    }
}

/// The patterns of the user's own if secrets are masked in this output, else `None`.
pub fn redaction(show: &ShowArgs, is_terminal: bool) -> Option<Vec<Regex>> {
    let redacts = match show.redact {
        Redact::Auto => !is_terminal,
        Redact::On => true,
        Redact::Off => false,
    };
    redacts.then(|| show.redact_also.clone())
}

/// Where events are written: the file of `-o`; else stderr if a command has stdout; else stdout.
pub fn output_target(args: &TraceArgs) -> anyhow::Result<OutputTarget> {
    let output = &args.output;
    let mut target = match &output.output {
        Some(path) => OutputTarget::create_private(path)?,
        None if args.has_command() => OutputTarget::stderr().map_err(with_file_hint)?,
        None => OutputTarget::stdout().map_err(with_file_hint)?,
    };
    if let Some(bytes) = output.max_size {
        let files = output.max_files;
        target
            .limit_size(SizeLimit { bytes, files })
            .context("--max-size")?;
    }
    Ok(target)
}

fn with_file_hint(error: anyhow::Error) -> anyhow::Error {
    anyhow!("{error:#}: name a file for events with -o")
}

impl OutputSpec {
    /// The format that the options ask for. An error names the columns that exist.
    fn new(show: &ShowArgs, types: EventTypes) -> anyhow::Result<Self> {
        let list = show.columns.as_deref();
        match show.format {
            Format::Json => Ok(Self::Json),
            Format::Csv => Ok(Self::Csv {
                columns: choose_csv(list)?,
                is_chosen: list.is_some(),
            }),
            Format::Text => Self::table(show, types),
        }
    }

    fn table(show: &ShowArgs, types: EventTypes) -> anyhow::Result<Self> {
        let options = TableOptions {
            types,
            time: show.time,
            seconds: show.timestamp,
            uid: show.print_uid,
            cpu: show.print_cpu,
            parent_comm: show.print_pcomm,
            compat: show.compat,
            double_quotes: show.quote,
            max_args: show.max_args,
            max_width: show.max_width.filter(|width| *width > 0),
            is_colored: false,
            abridge: false,
        };
        let (columns, has_args) = choose_table(show.columns.as_deref(), &options)?;
        Ok(Self::Table {
            options,
            columns,
            has_args,
            fits_terminal: show.max_width == Some(0),
        })
    }

    /// What its fields require.
    fn requirements(&self) -> Requirements {
        match self {
            Self::Table { columns, .. } => {
                Requirements::of_fields(columns.iter().map(TableColumn::field))
            }
            // They have these fields by themselves, but values in them only if asked.
            Self::Json
            | Self::Csv {
                is_chosen: false, ..
            } => {
                let all = record_columns().map(|column| column.field_name());
                Requirements::of_fields(all).without(Requirement::WorkingDirectory)
            }
            Self::Csv { columns, .. } => {
                Requirements::of_fields(columns.iter().map(RecordColumn::field_name))
            }
        }
    }

    /// What writes to this target.
    pub fn consumer(self, show: &ShowArgs, target: OutputTarget) -> Box<dyn Consumer> {
        let is_terminal = target.is_terminal();
        let is_colored = is_colored(show.color, is_terminal);
        match self {
            Self::Json => Box::new(LineOutput::new(JsonFormat, target)),
            Self::Csv { columns, .. } => Box::new(LineOutput::new(CsvFormat::new(columns), target)),
            Self::Table {
                options,
                columns,
                has_args,
                fits_terminal,
            } => {
                let options = TableOptions {
                    is_colored,
                    abridge: is_terminal,
                    ..options
                };
                let table = Table::new(&options, columns, has_args);
                let output = LineOutput::new(table, target);
                match fits_terminal {
                    true => Box::new(output.fitting_terminal()),
                    false => Box::new(output),
                }
            }
        }
    }
}

fn enrichment(
    args: &TraceArgs,
    selection: &Selection,
    output: &OutputSpec,
    in_container: bool,
) -> Enrichment {
    let fields = selection.expression.iter().flat_map(CelFilter::fields);
    let mut requirements = output.requirements().union(Requirements::of_fields(fields));
    let show = &args.show;
    requirements.add_if(show.cwd, Requirement::WorkingDirectory);
    // A user's name is only shown for processes in no container.
    let needs_cgroups =
        requirements.contains(Requirement::UserNames) || !selection.cgroup.is_empty();
    requirements.add_if(needs_cgroups, Requirement::CgroupNames);
    Enrichment {
        follows_lives: args.follows_lives(),
        folds: args.types.fold,
        ancestors: show.ancestors,
        ancestor_args: show.ancestor_args,
        env: show
            .env
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect(),
        redaction: None, // depends on the output
        limits: arg_limits(show),
        requirements,
        names: UserNames::new(in_container),
        host: None,
    }
}

/// The table limits the number of arguments itself: where it begins depends on the columns.
fn arg_limits(show: &ShowArgs) -> ArgLimits {
    ArgLimits {
        count: show.max_args.filter(|_| show.format != Format::Text),
        bytes: show.max_arg_bytes,
    }
}

fn selection(args: &TraceArgs) -> anyhow::Result<Selection> {
    let select = &args.select;
    let types = args.types();
    let compat = args.show.compat;
    Ok(Selection {
        types,
        name: pattern("-n", select.name.as_deref(), compat)?,
        line: pattern("-l", select.line.as_deref(), compat)?,
        uid: select.uid,
        // Pids of another namespace than the initial one are only known to the kernel side.
        ppid: select.ppid.filter(|_| args.filters_parents()),
        ppid_of_tracer: select.ppid,
        only_failures: args.types.failed,
        cgroup: cgroup_filter(select)?,
        expression: expression(args, types)?,
        root: match select.pid {
            Some(pid) if args.is_replay => Some(Root::RecordedProcess(pid)),
            Some(pid) => Some(Root::Process(pid)),
            None => args.has_command().then_some(Root::Command),
        },
        limit: args.output.count,
        range: TimeRange::default(),
        is_for_recording: false,
    })
}

/// A regular expression. libbpf-tools' execsnoop looks for plain text, and so does its replacement.
fn pattern(
    option: &str,
    pattern: Option<&str>,
    compat: Option<Compat>,
) -> anyhow::Result<Option<Regex>> {
    let Some(pattern) = pattern else {
        return Ok(None);
    };
    let pattern = match compat {
        Some(Compat::Libbpf) => regex::escape(pattern),
        _ => pattern.to_owned(),
    };
    let regex = Regex::new(&pattern)
        .with_context(|| format!("{option}: {pattern:?} is not a regular expression"))?;
    Ok(Some(regex))
}

fn cgroup_filter(select: &SelectArgs) -> anyhow::Result<CgroupFilter> {
    let bytes = |word: &OsString| word.as_bytes().to_vec();
    let under = select
        .cgroup
        .as_deref()
        .filter(|path| !is_cgroup_directory(path));
    if let Some(path) = under.filter(|path| !path.is_absolute()) {
        bail!(
            "--cgroup {path:?}: a cgroup's path begins with '/', such as /system.slice/cron.service"
        );
    }
    Ok(CgroupFilter {
        container: select.container.as_ref().map(bytes),
        unit: select.unit.as_ref().map(bytes),
        under: under.map(|path| path.as_os_str().as_bytes().to_vec()),
    })
}

/// `--cgroup` takes a directory of the cgroup file system as well, as libbpf-tools' execsnoop does.
/// (A path of the same name in another file system is not meant.)
pub fn is_cgroup_directory(path: &Path) -> bool {
    let is_cgroup_fs =
        |fs: Statfs| [CGROUP2_SUPER_MAGIC, CGROUP_SUPER_MAGIC].contains(&fs.filesystem_type());
    path.starts_with("/sys") || statfs(path).is_ok_and(is_cgroup_fs)
}

/// The condition of `--filter`.
fn expression(args: &TraceArgs, types: EventTypes) -> anyhow::Result<Option<CelFilter>> {
    let Some(text) = &args.select.filter else {
        return Ok(None);
    };
    let filter = CelFilter::compile(text).context("--filter")?;
    let records: Vec<RecordType> = types.iter().map(EventType::record).collect();
    filter.check_records(&records).map_err(missing_records)?;
    for name in filter.fields() {
        let requirement = schema::field(name).and_then(|field| field.requires);
        if let Some(option) = requirement.and_then(|needed| missing_option(args, types, needed)) {
            ensure!(
                false,
                "--filter asks for {name}, which is only known with {option}"
            );
        }
    }
    Ok(Some(filter))
}

/// The error, with the option that shows the records in question.
fn missing_records(error: CelError) -> anyhow::Error {
    let records = error.missing_records();
    let names: Vec<&str> = records.iter().map(|record| record.name()).collect();
    let hint = match records.contains(&RecordType::Process) {
        _ if records.is_empty() => String::new(),
        true => "\n-d shows finished processes".to_owned(),
        false => format!("\n--events {} shows them", names.join(",")),
    };
    anyhow!("--filter: {error}{hint}")
}

/// The option without which a requirement is not met; `None` if it is met.
fn missing_option(
    args: &TraceArgs,
    types: EventTypes,
    requirement: Requirement,
) -> Option<&'static str> {
    let (is_met, option) = match requirement {
        Requirement::Ancestors => (args.show.ancestors.is_some(), "--ancestors"),
        Requirement::Environment => (!args.show.env.is_empty(), "--env NAME,..."),
        Requirement::FailedExecs => (types.contains(EventType::Failed), "-x"),
        Requirement::Folding => (args.types.fold, "--fold"),
        Requirement::Hosts => (args.is_replay, "`execsnoop replay`"),
        Requirement::ArgLimits => {
            let has_limits = arg_limits(&args.show) != ArgLimits::default();
            (
                has_limits,
                "--max-arg-bytes N (or, in JSON and CSV, --max-args N)",
            )
        }
        Requirement::ExePath
        | Requirement::CgroupNames
        | Requirement::Sessions
        | Requirement::UserNames
        | Requirement::WorkingDirectory => return None, // collected when it is asked for
    };
    (!is_met).then_some(option)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    /// A column that does not exist is named.
    #[test]
    fn unknown_columns() {
        let args = TraceArgs::try_parse_from(["execsnoop", "--columns", "pdi"]).expect("options");
        let error = Settings::new(&args, false).expect_err("no such column");
        assert!(error.to_string().contains("no column \"pdi\""), "{error}");
    }

    /// Every column shows a field of the schema, and every field can be a column of CSV.
    #[test]
    fn columns_are_fields_of_the_schema() {
        let all = "type,time,seconds,pid,tid,ns_pid,comm,ppid,pcomm,uid,user,euid,gid,group,\
                   login_uid,tty,sid,cpu,ret,exe,cwd,cgroup,unit,user_unit,container,runtime,\
                   pod_uid,flags,lifetime,cpu_time,max_rss,exit,args";
        let args = TraceArgs::try_parse_from(["execsnoop", "--columns", all]).expect("valid");
        let settings = Settings::new(&args, false).expect("columns that exist");
        let OutputSpec::Table { columns, .. } = settings.output else {
            panic!("that is a table");
        };
        for column in columns {
            assert!(schema::field(column.field()).is_some(), "{}", column.name());
        }
        for field in schema::FIELDS {
            let is_report = !EventType::ALL.iter().any(|one| field.is_in(one.record()));
            let is_column = record_columns().any(|column| column.field_name() == field.name);
            assert!(is_report || is_column, "{}", field.name);
        }
    }

    /// A filter on a field without a value says which option gives it one.
    #[test]
    fn filters_name_the_missing_option() {
        for (options, said) in [
            (&["--filter", "errno == 'ENOENT'"][..], "-x"),
            (&["--filter", "tries > 1"], "--fold"),
            (&["--filter", "code != 0"], "-d shows finished processes"),
            (&["--filter", "vfork"], "--events fork shows them"),
        ] {
            let words = [&["execsnoop"], options].concat();
            let args = TraceArgs::try_parse_from(words).expect("options that exist");
            let error = Settings::new(&args, false).expect_err("not known");
            assert!(error.to_string().contains(said), "{options:?}: {error}");
        }
    }
}
