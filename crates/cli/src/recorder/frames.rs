//! From events to lines: the beginnings and ends of files, checkpoints, names of cgroups.

use execsnoop_events::Cgroup;
use execsnoop_events::CgroupKey;
use execsnoop_events::Clock;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Limits;
use execsnoop_events::Lineage;
use execsnoop_events::Tally;
use execsnoop_events::json::Annotations;
use execsnoop_events::recording::Encoder;
use execsnoop_events::recording::End;
use execsnoop_events::recording::EndReason;
use execsnoop_events::recording::FrameFlags;
use execsnoop_events::recording::StreamId;
use foldhash::HashMap;
use foldhash::HashSet;
use jiff::Timestamp;

use super::frame_queue::FrameQueue;
use super::header::HeaderFacts;

/// Between checkpoints are this many bytes of frames at least...
const CHECKPOINT_BYTES: u64 = 4 << 20;

/// ...and this many times the bytes of the checkpoint before.
const CHECKPOINT_SHARE: u64 = 10;

/// Makes frames of events.
#[derive(Debug)]
pub struct Frames {
    pub queue: FrameQueue,
    encoder: Encoder,
    facts: HeaderFacts,
    /// The process table, and the names of the cgroups in it.
    table: Lineage,
    cgroups: HashMap<CgroupKey, Box<[u8]>>,
    /// The cgroups that are named since the last header or checkpoint.
    named: HashSet<CgroupKey>,
    file: FileState,
    dropped: Dropped,
    /// What was seen, for the ends of files.
    tally: Tally,
    now: Moment,
}

/// A moment on both clocks.
#[derive(Debug, Clone, Copy)]
struct Moment {
    time: Timestamp,
    boot_ns: u64,
}

/// The file that is filled.
#[derive(Debug, Default)]
struct FileState {
    /// Its number, from 0.
    number: u64,
    records: u64,
    /// The queue's bytes when it began, and when the process table was copied last.
    begun_at: u64,
    table_at: u64,
    /// The bytes of that copy.
    table_bytes: u64,
    /// Its header is in a frame that was not dropped.
    has_header: bool,
    /// The next frame begins another file.
    is_over: bool,
}

/// What there was no room for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Frames.
    pub frames: u64,
    /// Lines in them.
    pub records: u64,
    /// Events in them that the account counts.
    pub events: u64,
}

impl Frames {
    /// Frames of the run with this id.
    pub fn new(facts: HeaderFacts, stream: StreamId) -> Self {
        Self {
            queue: FrameQueue::new(stream),
            encoder: Encoder::default(),
            facts,
            table: Lineage::new(Limits::default(), true),
            cgroups: HashMap::default(),
            named: HashSet::default(),
            file: FileState::default(),
            dropped: Dropped::default(),
            tally: Tally::default(),
            now: Moment {
                time: Timestamp::UNIX_EPOCH,
                boot_ns: 0,
            },
        }
    }

    /// Takes an event that the account counts so often.
    pub fn push(&mut self, event: &Event<'_>, notes: &Annotations<'_>, weight: u64) {
        if let EventData::Cgroup(_) = event.data {
            return; // named before the first event from it, in each file
        }
        self.now = Moment {
            time: event.time,
            boot_ns: event.boot_ns,
        };
        self.begin_frame();
        self.name_cgroup(event, notes);
        let encoder = &mut self.encoder;
        let write = |out: &mut Vec<u8>| encoder.write_line(out, event, notes);
        self.queue.append(event.time, weight, write);
        self.file.records += 1;
        self.count(&event.data);
        self.table.observe(event, &mut |_, _| {});
        self.queue.end_full();
    }

    /// Time has passed.
    pub fn tick(&mut self) {
        self.table.tick(self.now.boot_ns, &mut |_, _| {});
    }

    /// Whether processes that have ended wait for their final usage.
    pub fn is_waiting(&self) -> bool {
        self.table.is_waiting()
    }

    /// Whether the ended frames of the file reach this size. If the process table is as large as
    /// that, there are as many bytes of events.
    pub fn is_file_full(&self, limit: u64) -> bool {
        let bytes = self.queue.bytes();
        let since_table = bytes - self.file.table_at;
        bytes - self.file.begun_at >= limit && since_table >= self.file.table_bytes
    }

    /// Ends the file: another one follows, or none.
    pub fn end_file(&mut self, reason: EndReason, tally: Option<&Tally>) {
        self.begin_frame();
        let Moment { time, boot_ns } = self.now;
        let end = End {
            time,
            boot_ns,
            reason,
            records: self.file.records,
            frames_dropped: self.dropped.frames,
            records_dropped: self.dropped.records,
            tally: *tally.unwrap_or(&self.tally),
        };
        self.queue.append(time, 0, |out| end.write_line(out));
        self.queue.end();
        self.file.is_over = true;
    }

    /// Drops everything that is not written, and returns how much that is.
    pub fn drop_all(&mut self) -> Dropped {
        let mut now = Dropped::default();
        for frame in self.queue.take_all() {
            now.frames += 1;
            now.records += frame.counts.records;
            now.events += frame.counts.events;
            self.file.has_header &= !frame.begins_file;
        }
        self.dropped.frames += now.frames;
        self.dropped.records += now.records;
        self.dropped.events += now.events;
        self.file.records = self.file.records.saturating_sub(now.records);
        now
    }

    /// The first lines of a frame, if it has none: what a reader needs who begins with it.
    fn begin_frame(&mut self) {
        if !self.queue.is_at_beginning() {
            return;
        }
        if self.file.is_over || !self.file.has_header {
            self.begin_file();
            self.repeat_clock();
            self.copy_table();
        } else if self.is_checkpoint_due() {
            self.queue.mark(FrameFlags::CHECKPOINT, false);
            self.repeat_clock();
            self.copy_table();
        } else {
            self.repeat_clock();
        }
    }

    fn begin_file(&mut self) {
        if std::mem::take(&mut self.file.is_over) {
            let number = self.file.number + 1;
            self.file = FileState {
                number,
                begun_at: self.queue.bytes(),
                ..FileState::default()
            };
        }
        self.file.has_header = true;
        self.queue.mark(FrameFlags::HEADER, self.file.records == 0);
        let Moment { time, boot_ns } = self.now;
        let header = self.facts.header(self.file.number, time, boot_ns);
        self.append(|out| header.write_line(out));
    }

    /// Both clocks, so that each frame can be read alone.
    fn repeat_clock(&mut self) {
        let Moment { time, boot_ns } = self.now;
        let event = Event {
            time,
            boot_ns,
            data: EventData::Clock(Clock { first: false }),
        };
        let encoder = &mut self.encoder;
        self.queue
            .append(time, 0, |out| encoder.write_clock(out, &event));
        self.file.records += 1;
    }

    fn is_checkpoint_due(&self) -> bool {
        let since = self.queue.bytes() - self.file.table_at;
        since >= CHECKPOINT_BYTES.max(CHECKPOINT_SHARE * self.file.table_bytes)
    }

    /// Appends the process table: a reader who begins here knows what came before.
    fn copy_table(&mut self) {
        let begun_at = self.queue.bytes();
        self.named.clear();
        let mut in_use = HashMap::default();
        let Self {
            table,
            queue,
            encoder,
            cgroups,
            named,
            file,
            now,
            ..
        } = self;
        for existing in table.existing() {
            // One without a known name is named when an event tells it.
            if let Some(key) = existing.place.map(|place| place.cgroup)
                && let Some(path) = cgroups.remove(&key)
            {
                named.insert(key);
                append_cgroup(queue, encoder, *now, key, &path);
                file.records += 1;
                in_use.insert(key, path);
            }
            let event = Event {
                time: now.time,
                boot_ns: now.boot_ns,
                data: EventData::Existing(existing),
            };
            let notes = Annotations::default();
            queue.append(now.time, 0, |out| encoder.write_line(out, &event, &notes));
            file.records += 1;
            queue.end_full();
        }
        *cgroups = in_use;
        file.table_bytes = queue.bytes() - begun_at;
        file.table_at = queue.bytes();
    }

    /// Appends the name of an event's cgroup before the first event from it.
    fn name_cgroup(&mut self, event: &Event<'_>, notes: &Annotations<'_>) {
        let Some((key, owner)) = cgroup_of(&event.data).zip(notes.identity) else {
            return;
        };
        if self.named.insert(key) {
            append_cgroup(
                &mut self.queue,
                &mut self.encoder,
                self.now,
                key,
                owner.path(),
            );
            self.file.records += 1;
            self.cgroups.insert(key, owner.path().into());
        }
    }

    fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.queue.append(self.now.time, 0, write);
        self.file.records += 1;
    }

    /// Counts what the account of each file is about.
    fn count(&mut self, data: &EventData<'_>) {
        if let Some(kind) = data.kind() {
            self.tally.of_mut(kind).seen += 1;
        }
        if let EventData::Lost(lost) = data {
            self.tally
                .of_mut(lost.kind)
                .add_loss(lost.reason, lost.count);
        }
    }
}

fn append_cgroup(
    queue: &mut FrameQueue,
    encoder: &mut Encoder,
    now: Moment,
    key: CgroupKey,
    path: &[u8],
) {
    let event = Event {
        time: now.time,
        boot_ns: now.boot_ns,
        data: EventData::Cgroup(Cgroup { key, path }),
    };
    let notes = Annotations::default();
    queue.append(now.time, 0, |out| encoder.write_line(out, &event, &notes));
}

fn cgroup_of(data: &EventData<'_>) -> Option<CgroupKey> {
    let place = match data {
        EventData::Exec(exec) => exec.place,
        EventData::Exit(exit) => exit.place,
        EventData::Existing(existing) => existing.place,
        _ => None,
    };
    place.map(|place| place.cgroup)
}

#[cfg(test)]
mod tests {
    use execsnoop_events::Backend;
    use execsnoop_events::CgroupOwner;
    use execsnoop_events::CgroupRef;
    use execsnoop_events::Existing;
    use execsnoop_events::ProcessId;
    use execsnoop_events::recording::FrameReader;
    use execsnoop_events::recording::Part;
    use execsnoop_events::recording::Redaction;
    use serde_json::Value;

    use super::*;
    use crate::recorder::Machine;

    fn frames() -> Frames {
        let facts = HeaderFacts {
            machine: Machine::this(),
            backend: Backend::Core,
            session: "0123456789abcdef".to_owned(),
            initial_pid_ns: true,
            redaction: Redaction {
                on: true,
                patterns: 0,
            },
            command_line: Vec::new(),
            events: Vec::new(),
            collected: Vec::new(),
            env: Vec::new(),
        };
        Frames::new(facts, StreamId(7))
    }

    /// A process in cgroup 7, as an event at this second.
    fn push(frames: &mut Frames, pid: u32, second: i64, identity: Option<&CgroupOwner>) {
        let process = ProcessId { pid, start_ns: 1 };
        let existing = Existing {
            place: Some(CgroupRef::unified(7)),
            ..Existing::alive(process, ProcessId::UNKNOWN)
        };
        let event = Event {
            time: Timestamp::from_second(second).expect("in range"),
            boot_ns: second.unsigned_abs() * 1_000_000_000,
            data: EventData::Existing(existing),
        };
        let notes = Annotations {
            identity,
            ..Annotations::default()
        };
        frames.push(&event, &notes, 0);
    }

    /// The records of each file.
    fn files(mut frames: Frames) -> Vec<Vec<Value>> {
        let mut files: Vec<Vec<Value>> = Vec::new();
        for frame in frames.queue.take_all() {
            if frame.begins_file {
                files.push(Vec::new());
            }
            let mut reader = FrameReader::new(frame.bytes.as_slice());
            while let Some(Part::Frame(frame)) = reader.next().expect("in memory") {
                let lines = frame.text.split_inclusive(|byte| *byte == b'\n');
                let records = lines.map(|line| serde_json::from_slice(line).expect("JSON"));
                files.last_mut().expect("a header first").extend(records);
            }
        }
        files
    }

    fn types(records: &[Value]) -> Vec<&str> {
        let kinds = records.iter().filter_map(|record| record["type"].as_str());
        kinds.filter(|kind| *kind != "clock").collect()
    }

    /// Each file has a header, the process table, and the names of its cgroups: also of one whose
    /// name was not known before.
    #[test]
    fn files_can_be_read_alone() {
        let mut frames = frames();
        push(&mut frames, 1, 1000, None);
        frames.end_file(EndReason::Rotated, None);
        let owner = CgroupOwner::from_path(b"/a");
        push(&mut frames, 2, 1001, Some(&owner));
        frames.end_file(EndReason::Rotated, None);
        push(&mut frames, 3, 1002, Some(&owner));
        frames.end_file(EndReason::Stopped, None);
        let files = files(frames);
        let kinds: Vec<_> = files.iter().map(|records| types(records)).collect();
        assert_eq!(kinds[0], ["header", "existing", "end"]);
        assert_eq!(
            kinds[1],
            ["header", "existing", "cgroup", "existing", "end"]
        );
        let third = [
            "header", "cgroup", "existing", "existing", "existing", "end",
        ];
        assert_eq!(kinds[2], third);
        let number = |records: &Vec<Value>| records[0]["file"].as_u64();
        assert_eq!(
            files.iter().map(number).collect::<Vec<_>>(),
            [Some(0), Some(1), Some(2)]
        );
    }

    /// The clock can be set back while recording: each frame says how the clocks relate.
    #[test]
    fn a_clock_that_is_set_back() {
        let mut frames = frames();
        push(&mut frames, 1, 5000, None);
        frames.queue.end();
        let step = Event {
            time: Timestamp::from_second(1400).expect("in range"),
            boot_ns: 5_001_000_000_000,
            data: EventData::Clock(Clock { first: false }),
        };
        frames.push(&step, &Annotations::default(), 0);
        let files = files(frames);
        let clocks = files[0].iter().filter(|record| record["type"] == "clock");
        let times: Vec<_> = clocks.map(|record| record["boot_ns"].as_str()).collect();
        assert_eq!(times.len(), 3, "{times:?}");
        assert_eq!(times[2], Some("5001000000000"));
    }

    /// What is dropped takes its header with it: the next frame has another one.
    #[test]
    fn a_dropped_header_is_written_again() {
        let mut frames = frames();
        push(&mut frames, 1, 1000, None);
        let dropped = frames.drop_all();
        assert_eq!((dropped.frames, dropped.records), (1, 3));
        push(&mut frames, 2, 1001, None);
        frames.end_file(EndReason::Stopped, None);
        let files = files(frames);
        assert_eq!(types(&files[0]), ["header", "existing", "existing", "end"]);
        let end = files[0].last().expect("records");
        assert_eq!(
            (&end["frames_dropped"], &end["records_dropped"]),
            (&1.into(), &3.into())
        );
    }
}
