//! Which events are shown.

use execsnoop_events::Argv;
use execsnoop_events::Cgroup;
use execsnoop_events::CgroupKey;
use execsnoop_events::Cgroups;
use execsnoop_events::Descendants;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Existing;
use execsnoop_events::Exit;
use execsnoop_events::Image;
use execsnoop_events::ProcessId;
use execsnoop_events::json::Annotations;
use jiff::Timestamp;

use super::settings::EventTypes;
use super::settings::Root;
use super::settings::Selection;
use super::settings::TimeRange;

/// Decides which events are shown.
#[derive(Debug)]
pub struct Selector {
    selection: Selection,
    /// Set if only descendants of a process are shown.
    descendants: Option<Descendants>,
    /// A cgroup was seen that the filter wants.
    matched_cgroup: bool,
    /// Cgroups that the filter does not want, and that were not fetched yet.
    excluded: Vec<CgroupKey>,
    /// Reused for each command line.
    joined: Vec<u8>,
}

impl Selector {
    /// A selector for these settings.
    pub fn new(selection: Selection) -> Self {
        let descendants = selection.root.map(|root| match root {
            Root::Command => Descendants::of_command(),
            Root::Process(pid) => Descendants::of_process(pid),
            Root::RecordedProcess(pid) => Descendants::of_recorded_process(pid),
        });
        Self {
            selection,
            descendants,
            matched_cgroup: false,
            excluded: Vec::new(),
            joined: Vec::new(),
        }
    }

    /// The types to show.
    pub fn types(&self) -> EventTypes {
        self.selection.types
    }

    /// Whether only descendants of a process are shown.
    pub fn follows_descent(&self) -> bool {
        self.descendants.is_some()
    }

    /// The descendants that are shown; `None` if it is not only descendants.
    pub fn descendants(&self) -> Option<&Descendants> {
        self.descendants.as_ref()
    }

    /// Whether it is the command whose descendants are shown.
    pub fn follows_command(&self) -> bool {
        self.selection.root == Some(Root::Command)
    }

    /// Whether a filter asks for containers, units or cgroups, and none of them was seen.
    pub fn no_cgroup_matched(&self) -> bool {
        !self.selection.cgroup.is_empty() && !self.matched_cgroup
    }

    /// Cgroups that turned out to be unwanted, since the last call.
    pub fn take_excluded(&mut self) -> Vec<CgroupKey> {
        std::mem::take(&mut self.excluded)
    }

    /// Learns who descends from whom, and which pid the parent has.
    pub fn observe(&mut self, data: &EventData<'_>) {
        if let Some(set) = &mut self.descendants {
            set.observe(data);
        }
        if let EventData::Existing(existing) = data {
            self.translate_parent(existing);
        }
    }

    /// In a container, the parent is given by another pid than the kernel's own.
    fn translate_parent(&mut self, existing: &Existing<'_>) {
        if self.selection.ppid_of_tracer == Some(existing.seen_pid) {
            self.selection.ppid = Some(existing.process.pid);
        }
    }

    /// Takes note of a cgroup whose name has just become known.
    pub fn observe_cgroup(&mut self, cgroup: &Cgroup<'_>, cgroups: &mut Cgroups) {
        let filter = &self.selection.cgroup;
        if filter.is_empty() {
            return;
        }
        match cgroups.find(cgroup.key).map(|owner| filter.matches(owner)) {
            Some(true) => self.matched_cgroup = true,
            _ => self.excluded.push(cgroup.key),
        }
    }

    /// Whether an event passes every condition but the expression; `None` if that depends on its
    /// cgroup, and the name of the cgroup is not known: it is too deep or too long
    /// (bpf/cgroup.h), or was lost.
    pub fn passes(
        &mut self,
        process: ProcessId,
        data: &EventData<'_>,
        cgroup: Option<CgroupKey>,
        cgroups: &mut Cgroups,
    ) -> Option<bool> {
        let descends = |set: &Descendants| set.contains(process);
        let passes = self.descendants.as_ref().is_none_or(descends) && self.matches_options(data);
        match passes {
            true => self.passes_cgroup_filter(cgroup, cgroups),
            false => Some(false),
        }
    }

    fn passes_cgroup_filter(
        &self,
        cgroup: Option<CgroupKey>,
        cgroups: &mut Cgroups,
    ) -> Option<bool> {
        if self.selection.cgroup.is_empty() {
            return Some(true);
        }
        let owner = cgroups.find(cgroup?)?;
        Some(self.selection.cgroup.matches(owner))
    }

    /// Whether events at this time are shown.
    pub fn is_in_range(&self, time: Timestamp) -> bool {
        let TimeRange { since, until } = self.selection.range;
        since.is_none_or(|since| since <= time) && until.is_none_or(|until| time <= until)
    }

    /// Whether a fork is one of the descendants that are shown. Other events are not asked.
    pub fn descends(&self, data: &EventData<'_>) -> bool {
        match (data, &self.descendants) {
            (EventData::Fork(fork), Some(set)) => set.contains(fork.process),
            _ => true,
        }
    }

    /// Whether the expression asks for this field.
    pub fn expression_asks_for(&self, field: &str) -> bool {
        let expression = self.selection.expression.as_ref();
        expression.is_some_and(|expression| expression.asks_for(field))
    }

    /// Whether the expression holds for the whole record.
    pub fn matches_expression(&mut self, event: &Event<'_>, notes: &Annotations<'_>) -> bool {
        let Some(expression) = &mut self.selection.expression else {
            return true;
        };
        let given_up = expression.given_up();
        let matches = expression.matches(event, notes);
        if given_up == 0 && expression.given_up() > 0 {
            tracing::warn!(
                "the filter needs too many steps for some events: they are not shown; \
                 simplify the condition"
            );
        }
        matches
    }

    /// Whether an event passes the conditions on single fields.
    fn matches_options(&mut self, data: &EventData<'_>) -> bool {
        match data {
            EventData::Exec(exec) => {
                self.matches_ids(exec.uid, exec.parent)
                    && self.matches_name(exec.comm)
                    && self.matches_line(&exec.args)
            }
            EventData::Summary(process) => {
                let image = process.image.unwrap_or(Image::UNKNOWN);
                self.matches_ids(process.uid, process.parent)
                    && self.matches_end(process.exit.as_ref())
                    && self.matches_name(process.comm)
                    && self.matches_line(&image.args)
            }
            EventData::Exit(exit) => {
                self.matches_ids(exit.uid, exit.parent)
                    && self.matches_end(Some(exit))
                    && self.matches_name(exit.comm)
                    && self.selection.line.is_none()
            }
            EventData::Fork(fork) => self
                .selection
                .ppid
                .is_none_or(|ppid| ppid == fork.creator.pid),
            EventData::FinalUsage(_)
            | EventData::Existing(_)
            | EventData::Gone(_)
            | EventData::Cgroup(_)
            | EventData::Lost(_)
            | EventData::Clock(_) => true,
        }
    }

    fn matches_ids(&self, uid: Option<u32>, parent: ProcessId) -> bool {
        self.selection.uid.is_none_or(|wanted| uid == Some(wanted))
            && self
                .selection
                .ppid
                .is_none_or(|wanted| wanted == parent.pid)
    }

    fn matches_end(&self, end: Option<&Exit<'_>>) -> bool {
        !self.selection.only_failures
            || end.is_some_and(|exit| exit.status.is_some_and(|status| !status.success()))
    }

    fn matches_name(&self, comm: &[u8]) -> bool {
        self.selection
            .name
            .as_ref()
            .is_none_or(|name| name.is_match(comm))
    }

    fn matches_line(&mut self, args: &Argv<'_>) -> bool {
        let Some(line) = &self.selection.line else {
            return true;
        };
        self.joined.clear();
        for arg in args.iter().flatten() {
            if !self.joined.is_empty() {
                self.joined.push(b' ');
            }
            self.joined.extend_from_slice(arg);
        }
        line.is_match(&self.joined)
    }
}
