//! `--container`, `--unit`, `--cgroup`: only processes of a container, unit or cgroup.

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::Case;
use crate::filters::option_filters::check;
use crate::support::STRANGER;
use crate::support::cgroups::Group;
use crate::support::cgroups::Hierarchy;
use crate::support::cgroups::id;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::Need::UnifiedCgroups;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::run::trace_command;
use crate::support::run_subject;
use crate::support::slowness;
use crate::support::subject;
use crate::support::text;
use crate::support::wait_until;
use crate::support::workload;

/// Traces what runs in the group, and beside it; fails unless the former alone is shown.
#[track_caller]
fn check_filter(options: &[&str], group: &Group) {
    let (shown, hidden) = (mark(), mark());
    let tracer = Tracer::json(options);
    subject(&["noop", &hidden]);
    run_subject(&mut group.workload(&["noop", &shown]));
    check(&tracer.stop(), &shown, &hidden);
}

/// Fails unless what runs in the group is left out.
#[track_caller]
fn check_hides(options: &[&str], group: &Group) {
    let hidden = mark();
    let tracer = Tracer::json(options);
    run_subject(&mut group.workload(&["noop", &hidden]));
    let trace = tracer.stop();
    assert_eq!(trace.execs().len(), 0, "{}", trace.text());
    let accounting = trace.accounting();
    assert_eq!((accounting.shown, accounting.lost), (0, 0));
    assert!(accounting.filtered >= 2, "{accounting:?}");
}

fn docker() -> (String, Group) {
    let id = id();
    let group = Group::telling(&format!("/docker/{id}"));
    (id, group)
}

fn container() {
    let (id, group) = docker();
    check_filter(&["--container", &id], &group);
    check_filter(&["--container", &id[..12]], &group);
    check_hides(&["--container", &id[1..]], &group);
    check_hides(&["--container", &"0123456789ab".repeat(5)], &group);
}

fn container_by_name() {
    let name = mark();
    let group = Group::telling(&format!("/lxc.payload.{name}/init.scope"));
    check_filter(&["--container", &name], &group);
    check_hides(&["--container", &name[..name.len() - 1]], &group);
}

/// A container in another one belongs to both; the outer one's own processes only to that.
fn container_within() {
    let (outer_id, inner_id) = (id(), id());
    let inner = Group::telling(&format!("/docker/{outer_id}/docker/{inner_id}"));
    check_filter(&["--container", &outer_id], &inner);
    check_filter(&["--container", &inner_id], &inner);
    let outer = Group::telling(&format!("/docker/{outer_id}"));
    check_filter(&["--container", &outer_id], &outer);
    check_hides(&["--container", &inner_id], &outer);
}

fn unit() {
    let name = mark();
    let group = Group::telling(&format!("/system.slice/{name}.service/worker"));
    check_filter(&["--unit", &name], &group);
    check_filter(&["--unit", &format!("{name}.service")], &group);
    check_hides(&["--unit", &format!("{name}.scope")], &group);
    check_hides(&["--unit", &name[..name.len() - 1]], &group);
}

fn unit_of_a_user() {
    let name = mark();
    let path = format!("/user.slice/user-1.slice/user@1.service/app.slice/{name}.scope");
    let group = Group::telling(&path);
    check_filter(&["--unit", &format!("{name}.scope")], &group);
}

fn slice() {
    let name = mark();
    let group = Group::telling(&format!("/{name}.slice/x.service"));
    check_filter(&["--unit", &format!("{name}.slice")], &group);
}

fn cgroup_path() {
    let above = format!("/execsnoop-{}", mark());
    let group = Group::telling(&format!("{above}/below"));
    check_filter(&["--cgroup", &above], &group);
    check_filter(&["--cgroup", group.path()], &group);
    check_hides(&["--cgroup", &above[..above.len() - 1]], &group);
}

/// A directory means the cgroup below the mount of version 2, for any mount point.
fn cgroup_directory() {
    let above = format!("/execsnoop-{}", mark());
    let group = Group::make(Hierarchy::Unified, &format!("{above}/below"));
    let root = Hierarchy::Unified.root().expect("it is mounted");
    check_filter(&["--cgroup", text(&root.join(&above[1..]))], &group);
}

/// Everything is below the root, and it is no directory of the file system that is meant.
fn cgroup_root() {
    let (_, group) = docker();
    let mark = mark();
    let tracer = Tracer::json(&["--cgroup", "/"]);
    run_subject(&mut group.workload(&["noop", &mark]));
    assert_eq!(tracer.stop().execs_with(&mark).len(), 2);
}

/// All that is asked for has to fit.
fn with_other_filters() {
    let (id, group) = docker();
    let uid = STRANGER.to_string();
    check_filter(
        &["--container", &id, "-n", "^workload$", "-l", "noop mark"],
        &group,
    );
    check_hides(&["--container", &id, "-n", "^other$"], &group);
    check_hides(&["--container", &id, "-u", &uid], &group);
    check_hides(&["--container", &id, "--unit", "cron"], &group);
    check_hides(&["--container", &id, "--cgroup", "/other"], &group);
}

/// Whole processes: those that end there.
fn lifetimes() {
    let (id, group) = docker();
    let (shown, hidden) = (mark(), mark());
    let tracer = Tracer::json(&["-d", "--container", &id]);
    subject(&["noop", &hidden]);
    run_subject(&mut group.workload(&["noop", &shown]));
    let trace = tracer.stop();
    trace.accounting();
    let processes = trace.of_type("process");
    assert_eq!(processes.len(), 1, "{}", trace.text());
    assert!(trace.text().contains(&shown) && !trace.text().contains(&hidden));
    assert_eq!(processes[0]["container"]["id"], id);
}

/// Failed execs too.
fn failed_execs() {
    let (id, group) = docker();
    let tracer = Tracer::json(&["-x", "--container", &id]);
    let fail = ["fail", "ENOENT", "/nonexistent/program"];
    let hidden = subject(&fail).pid;
    let shown = run_subject(&mut group.workload(&fail)).pid;
    let trace = tracer.stop();
    assert_eq!(
        (trace.execs_of(shown).len(), trace.execs_of(hidden).len()),
        (2, 0)
    );
}

/// Of a command's descendants, those in the container.
fn of_a_command() {
    let (id, group) = docker();
    let (shown, hidden) = (mark(), mark());
    let script = format!("\"$@\"; {} noop {hidden}", text(&workload()));
    let begin = ["sh", "-c", &script, "sh"].map(str::to_owned).to_vec();
    let inside = [text(&workload()), "noop", &shown]
        .map(str::to_owned)
        .to_vec();
    let words = [begin, group.enter(), inside].concat();
    let trace = trace_command(&["--format", "json", "--container", &id], &words).expect_success();
    check(&trace, &shown, &hidden);
}

/// The losses among `count` execs beside the container, while the tracer was stopped.
fn lost_of_unwanted(options: &[&str], count: usize) -> Trace {
    let (id, group) = docker();
    let mark = mark();
    let tracer = Tracer::json(&[options, &["--container", &id, "--ring-size", "256K"]].concat());
    subject(&["noop"]);
    thread::sleep(Duration::from_millis(300) * slowness()); // until it was refused
    tracer.signal(Signal::SIGSTOP);
    subject(&["storm", &count.to_string()]);
    tracer.signal(Signal::SIGCONT);
    wait_until("the container's exec is seen", || {
        run_subject(&mut group.workload(&["noop", &mark]));
        tracer.stdout().contains(&mark)
    });
    tracer.stop()
}

/// What is not wanted is left out by the kernel, once it is known to be that: it takes no room in
/// the ring, where so much would have none.
fn left_out_early() {
    const COUNT: usize = 4000;
    let accounting = lost_of_unwanted(&[], COUNT).accounting();
    assert!(accounting.filtered >= COUNT as u64, "{accounting:?}");
    assert!(accounting.lost < COUNT as u64 / 10, "{accounting:?}");
}

/// The counterpart of that: when lives are followed, all must be seen, and so much is lost.
fn left_out_late() {
    let accounting = lost_of_unwanted(&["-d"], 4000).accounting();
    assert!(accounting.lost > 400, "{accounting:?}");
}

/// A path that is too deep has no beginning, so its owner is unknown. The process is left out, and
/// a message says so.
fn too_deep_to_tell() {
    let id = id();
    let note = "\n1 filtered because the name of their cgroup is not known";
    let begins = "an event is left out because the name of its cgroup is not known";
    for (levels, told) in [(64, true), (256, true), (257, false)] {
        let group = Group::telling(&format!("/docker/{id}{}", "/a".repeat(levels - 2)));
        let mark = mark();
        let user = STRANGER.to_string();
        let tracer = Tracer::json(&["--container", &id, "-u", &user]);
        let workload = workload();
        let strangers = ["setpriv", "--reuid", &user, "--clear-groups"];
        let subject = [&strangers[..], &[text(&workload), "noop", &mark]].concat();
        run_subject(&mut group.command(&subject));
        let trace = tracer.stop();
        assert_eq!(!trace.execs_with(&mark).is_empty(), told, "{levels}");
        assert_eq!(!trace.stderr.contains(begins), told, "{}", trace.stderr);
        assert_eq!(!trace.stderr.contains(note), told, "{}", trace.stderr);
    }
}

#[track_caller]
fn check_refused(options: &[&str], words: &[&str]) {
    let trace = run(&[], &[options, &["--duration", "1ms"]].concat());
    assert_eq!(
        trace.status.code(),
        Some(2),
        "{options:?}: {}",
        trace.stderr
    );
    for word in words {
        assert!(
            trace.stderr.contains(word),
            "{word:?} is not in: {}",
            trace.stderr
        );
    }
}

fn relative_path() {
    check_refused(
        &["--cgroup", "system.slice/x.service"],
        &["--cgroup", "begins with '/'"],
    );
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [relative_path];
        [Tracing, Root, UnifiedCgroups] => [
            container, container_by_name, container_within, unit, unit_of_a_user, slice, cgroup_path,
            cgroup_directory, cgroup_root, with_other_filters, lifetimes, failed_execs, of_a_command,
            left_out_early, left_out_late, too_deep_to_tell,
        ];
    ]
}
