//! Options that would have no effect beside others. They are refused, because the user expects an
//! effect.

use anyhow::bail;

use crate::args::Format;
use crate::args::Redact;
use crate::args::ShowArgs;
use crate::args::TraceArgs;
use crate::output::Color;
use crate::output::column_names;
use crate::pipeline::EventType;
use crate::pipeline::EventTypes;

/// Refuses options that contradict each other, or mean nothing together.
pub fn check(args: &TraceArgs) -> anyhow::Result<()> {
    let show = &args.show;
    check_columns(show)?;
    check_format(show)?;
    // A condition can be about them in any format.
    if show.ancestor_args && show.format != Format::Json && args.select.filter.is_none() {
        bail!("--ancestor-args is for JSON and --filter; tables and CSV name the ancestors only");
    }
    check_compat(show, args.types())?;
    check_selection(args)?;
    if args.types.failed && !args.types().has_ends() {
        bail!("--failed is about how processes ended: add -d (failed execs are shown by -x)");
    }
    if args.kernel_select.failed_32_bit && !args.types().contains(EventType::Failed) {
        bail!("--failed-32bit is about failed execs, which -x shows: add -x");
    }
    if show.redact == Redact::Off && !show.redact_also.is_empty() {
        bail!("--redact-also masks nothing with --redact off: leave one of them out");
    }
    Ok(())
}

fn check_columns(show: &ShowArgs) -> anyhow::Result<()> {
    let list = show.columns.as_deref();
    let names_env = list.is_some_and(|list| column_names(list).any(|name| name == "env"));
    if names_env && show.env.is_empty() {
        bail!("--columns env: which variables? --env PATH,LANG names them");
    }
    let replaces_the_defaults = list.is_some_and(|list| !list.starts_with('+'));
    if replaces_the_defaults && let Some((option, column)) = additions(show).next() {
        bail!(
            "{option} adds to the default columns, and --columns replaces them: name the column \
             {column} there, or begin the list with '+'"
        );
    }
    Ok(())
}

/// The options that add a column to the table, and the names of the columns.
fn additions(show: &ShowArgs) -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        (show.time, "-T", "time"),
        (show.timestamp, "-t", "seconds"),
        (show.print_uid, "-U", "uid"),
        (show.print_cpu, "-C", "cpu"),
        (show.print_pcomm, "-M", "pcomm"),
    ]
    .into_iter()
    .filter_map(|(is_given, option, column)| is_given.then_some((option, column)))
}

/// JSON and CSV have every field, and no looks.
fn check_format(show: &ShowArgs) -> anyhow::Result<()> {
    if show.format == Format::Text {
        return Ok(());
    }
    let looks = [
        (show.compat.is_some(), "--compat"),
        (show.quote, "-q"),
        (show.max_width.is_some(), "--max-width"),
        (show.color == Color::Always, "--color always"),
    ];
    let looks = looks
        .into_iter()
        .filter_map(|(is_given, it)| is_given.then_some(it));
    if let Some(option) = additions(show)
        .map(|(option, _)| option)
        .chain(looks)
        .next()
    {
        bail!("{option} is for tables; JSON and CSV have all fields, and look as they always do");
    }
    if show.format == Format::Json && show.columns.is_some() {
        bail!("--columns is for tables and CSV; JSON always has all fields");
    }
    Ok(())
}

/// The other tools show execs only, in columns of their own.
fn check_compat(show: &ShowArgs, types: EventTypes) -> anyhow::Result<()> {
    if show.compat.is_none() {
        return Ok(());
    }
    let is_exec = |one| matches!(one, EventType::Exec | EventType::Failed);
    if let Some(other) = types.iter().find(|one| !is_exec(*one)) {
        let name = other.name();
        bail!("--compat shows execs, as the other tools do: it has no columns for {name} events");
    }
    if show
        .columns
        .as_ref()
        .is_some_and(|list| !list.starts_with('+'))
    {
        bail!("--compat and --columns both name the columns: begin the list with '+' to add some");
    }
    Ok(())
}

/// Options about what events of a selected type do not have would let all of them pass, or none.
fn check_selection(args: &TraceArgs) -> anyhow::Result<()> {
    let (select, kernel_select) = (&args.select, &args.kernel_select);
    let line = ("--line", select.line.is_some());
    let of_forks = [
        ("--uid", select.uid.is_some()),
        ("--name", select.name.is_some()),
        line,
        ("--container", select.container.is_some()),
        ("--unit", select.unit.is_some()),
        ("--cgroup", select.cgroup.is_some()),
        ("--cgroupmap", kernel_select.cgroupmap.is_some()),
        ("--mntnsmap", kernel_select.mntnsmap.is_some()),
    ];
    let types = args.types();
    for (event_type, options) in [(EventType::Fork, &of_forks[..]), (EventType::Exit, &[line])] {
        let given = options.iter().find(|(_, is_given)| *is_given);
        if let Some((option, _)) = given.filter(|_| types.contains(event_type)) {
            let name = event_type.name();
            bail!("{option} cannot select {name} events: leave {name} out of --events");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn outcome(options: &[&str]) -> Result<(), String> {
        let words = [&["execsnoop"], options].concat();
        let args = TraceArgs::try_parse_from(words).expect("options that exist");
        check(&args).map_err(|error| error.to_string())
    }

    /// Options that would have no effect are refused, by name.
    #[test]
    fn options_without_effect() {
        for (options, said) in [
            (&["--columns", "env"][..], "--env"),
            (&["--columns", "pid", "--format", "json"], "--columns"),
            (&["--compat", "bcc", "--format", "json"], "--compat"),
            (&["--compat", "libbpf", "--format", "csv"], "--compat"),
            (&["--format", "json", "-T"], "-T"),
            (&["--format", "csv", "-t"], "-t"),
            (&["--format", "json", "-U"], "-U"),
            (&["--format", "json", "-C"], "-C"),
            (&["--format", "csv", "-M"], "-M"),
            (&["--format", "csv", "-q"], "-q"),
            (&["--format", "json", "--max-width"], "--max-width"),
            (&["--format", "json", "--color", "always"], "--color always"),
            (&["--columns", "pid,args", "-T"], "time"),
            (&["--columns", "pid,args", "-t"], "seconds"),
            (&["--ancestors", "--ancestor-args"], "--ancestor-args"),
            (&["--compat", "bcc", "-d"], "process"),
            (&["--compat", "bcc", "--events", "exec,fork"], "fork"),
            (&["--compat", "libbpf", "--columns", "pid"], "--columns"),
            (&["--redact", "off", "--redact-also", "x"], "--redact-also"),
            (&["--failed-32bit"], "add -x"),
            (&["--events", "fork", "-u", "1"], "--uid cannot select fork"),
            (&["--events", "exec,fork", "-n", "x"], "--name cannot"),
            (&["--events", "fork", "-l", "x"], "--line cannot"),
            (&["--events", "fork", "--unit", "x"], "--unit cannot"),
            (&["--events", "fork", "-c", "/x"], "--cgroup cannot"),
            (&["--events", "fork", "--cgroupmap", "x"], "--cgroupmap"),
            (&["--events", "fork", "--container", "1234"], "--container"),
            (
                &["--events", "exit", "-l", "x"],
                "--line cannot select exit",
            ),
        ] {
            let error = outcome(options).expect_err("to be refused");
            assert!(error.contains(said), "{options:?}: {error}");
        }
    }

    /// What has an effect is taken.
    #[test]
    fn options_with_effect() {
        for options in [
            &["--format", "json", "--color", "never", "--max-args", "3"][..],
            &["--format", "csv", "--columns", "pid"],
            &["--columns", "+user", "-T", "-U", "-q"],
            &["--compat", "bcc", "-x", "-M", "--columns", "+user"],
            &["--format", "json", "--ancestors", "--ancestor-args"],
            &["--ancestors", "--ancestor-args", "--filter", "true"],
            &["--redact-also", "x"],
            &["--events", "fork,exec", "-P", "1"],
            &["--events", "exit", "-u", "1", "-n", "x"],
        ] {
            assert_eq!(outcome(options), Ok(()), "{options:?}");
        }
    }
}
