//! From events to lines.

use serde::Serialize;

use super::records::CgroupRecord;
use super::records::ClockRecord;
use super::records::ExecRecord;
use super::records::ExistingRecord;
use super::records::ExitRecord;
use super::records::ForkRecord;
use super::records::GoneRecord;
use super::records::LostRecord;
use super::records::Source;
use super::records::UsageRecord;
use super::relation::Relation;
use crate::event::Event;
use crate::event::EventData;
use crate::json::Annotations;
use crate::json::line::Line;
use crate::json::writer::Json;

/// Writes events as lines. Allocates nothing unless the buffer must grow.
#[derive(Debug, Clone, Default)]
pub struct Encoder {
    /// What a reader knows of the clock.
    clock: Option<Relation>,
}

impl Encoder {
    /// Begins a frame, which can be read alone from here on: repeats how wall-clock time and time
    /// since boot relate at this event, which is written next.
    pub fn write_clock(&mut self, out: &mut Vec<u8>, event: &Event<'_>) {
        self.clock = Some(Relation::of(event));
        append(out, &ClockRecord::repeated(event));
    }

    /// Appends an event as a line. Summaries of processes are not recorded: a reader makes them.
    pub fn write_line(&mut self, out: &mut Vec<u8>, event: &Event<'_>, notes: &Annotations<'_>) {
        let relation = Relation::of(event);
        let of = Source {
            event,
            notes,
            boot_ns: (self.clock != Some(relation)).then_some(event.boot_ns),
        };
        match &event.data {
            EventData::Exec(exec) => append(out, &ExecRecord::new(of, exec)),
            EventData::Fork(fork) => append(out, &ForkRecord::new(of, fork)),
            EventData::Exit(exit) => append(out, &ExitRecord::new(of, exit)),
            EventData::FinalUsage(usage) => append(out, &UsageRecord::new(of, usage)),
            EventData::Existing(existing) => append(out, &ExistingRecord::new(of, existing)),
            EventData::Gone(process) => append(out, &GoneRecord::new(of, *process)),
            EventData::Cgroup(cgroup) => append(out, &CgroupRecord::new(of, cgroup)),
            EventData::Lost(lost) => append(out, &LostRecord::new(of, lost)),
            EventData::Clock(clock) => {
                self.clock = Some(relation);
                append(out, &ClockRecord::new(of, *clock));
            }
            EventData::Summary(_) => {}
        }
    }
}

fn append(out: &mut Vec<u8>, record: &impl Serialize) {
    let mut line = Line::new(out);
    match record.serialize(Json(&mut line)) {
        Ok(()) => line.append(b"\n"),
        Err(never) => match never {},
    }
    line.end();
}
