//! The core backend, and the session that it shares with the classic one: programs that are
//! attached, and what they send.

use std::fmt;
use std::os::fd::AsFd as _;
use std::os::fd::OwnedFd;
use std::time::Duration;

use execsnoop_events::CgroupKey;
use execsnoop_events::Clock;
use execsnoop_events::CountedKind;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::KindTally;
use execsnoop_events::Lost;
use execsnoop_events::Poll;
use execsnoop_events::Sink;
use execsnoop_events::Source;
use execsnoop_events::SourceError;
use execsnoop_events::Tally;
use execsnoop_events::WallClock;
use libbpf_rs::ErrorKind;
use libbpf_rs::Link;
use libbpf_rs::MapCore;
use libbpf_rs::MapFlags;
use libbpf_rs::ProgramMut;
use nix::errno::Errno;

use crate::clock;
use crate::clock::Reading;
use crate::clock::Suspended;
use crate::options::Options;
use crate::read::ring::Reader;
use crate::skeleton::types::counters;
use crate::start_error::StartError;
use crate::stats;
use crate::stats::ProgramStats;
use crate::stats::Statistics;
use crate::wait::wait_until;
use crate::wire::decode::Decoder;
use crate::wire::snapshot::Snapshot;
use crate::wire::snapshot::TickStartTimes;
use execsnoop_host::Obstacle;
use execsnoop_host::tracefs;

/// How long the end waits for events that are still on their way.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

/// Live events from this kernel.
pub(crate) struct BpfSession {
    object: Box<dyn Object>,
    attached: Vec<Attached>,
    ring: Reader,
    ring_bytes: u32,
    decoder: Decoder,
    clock: WallClock,
    /// Where the kernel side has no clock that goes on while the machine sleeps.
    suspended: Option<Suspended>,
    start_ns: u64,
    begun: bool,
    /// The processes that were there at the beginning, until they are handed out.
    running: Snapshot,
    /// Their start times, where only /proc told them.
    starts: Option<TickStartTimes>,
    more_waiting: bool,
    delivered: Counts,
    malformed: Counts,
    reported: Tally,
    measuring: Option<OwnedFd>,
}

/// How long the reader may sleep without having asked to be woken.
const UNASKED: Duration = Duration::from_millis(50);

/// A loaded BPF object.
pub(crate) trait Object {
    /// Where the kernel side counts, for as long as the object is loaded.
    fn counters(&self) -> *const counters;

    /// Asks the kernel side to wake the reader of the ring with whatever it sends next.
    fn request_wakeup(&self) -> libbpf_rs::Result<()>;

    /// Tells the kernel side how long the machine has slept, where it has no clock that goes on.
    fn set_suspended(&mut self, _suspended_ns: u64) {}

    /// Tells the kernel side to leave out a cgroup; one that has no such list goes on as before.
    fn exclude_cgroup(&self, _cgroup: CgroupKey) {}

    /// Tells the kernel side to send each cgroup's name once more; one that knows no names has
    /// nothing to do.
    fn resend_cgroup_names(&mut self) {}
}

/// Says in the map of that name that the reader sleeps. The kernel side, when it wakes it, says
/// that it does not.
pub(crate) fn set_asleep(map: &impl MapCore) -> libbpf_rs::Result<()> {
    map.update(&0_u32.to_ne_bytes(), &1_u32.to_ne_bytes(), MapFlags::ANY)
}

/// A program that runs in the kernel until its link is dropped.
pub(crate) struct Attached {
    name: &'static str,
    kind: CountedKind,
    program: OwnedFd,
    link: Option<Link>,
}

type Counts = [u64; CountedKind::ALL.len()];

impl fmt::Debug for BpfSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let programs: Vec<_> = self.attached.iter().map(|one| one.name).collect();
        f.debug_struct("BpfSession")
            .field("programs", &programs)
            .finish_non_exhaustive()
    }
}

impl BpfSession {
    /// A session of an object that is loaded, with nothing attached yet.
    pub(crate) fn new(
        object: Box<dyn Object>,
        ring: Reader,
        start: &Reading,
        options: &Options,
    ) -> Self {
        Self {
            object,
            attached: Vec::new(),
            ring,
            ring_bytes: options.ring_bytes,
            decoder: Decoder::default(),
            clock: clock::wall_clock(start),
            suspended: None,
            start_ns: start.boot_ns,
            begun: false,
            running: Snapshot::default(),
            starts: None,
            more_waiting: false,
            delivered: Counts::default(),
            malformed: Counts::default(),
            reported: Tally::default(),
            measuring: options.measure.then(measure).flatten(),
        }
    }

    /// Takes over what is attached, and who was there before.
    pub(crate) fn with(
        mut self,
        attached: Vec<Attached>,
        known: Option<TickStartTimes>,
        running: Snapshot,
    ) -> Self {
        self.attached = attached;
        self.starts = known;
        self.running = running;
        self
    }

    /// The kernel side has no boot clock: it adds the time that the machine has slept, which it
    /// has to be told.
    pub(crate) fn without_boot_clock(mut self) -> Self {
        self.suspended = Some(Suspended::read());
        self
    }

    /// What the programs cost up to now. Kernels before 5.19 ask for `CAP_BPF` for that.
    pub fn statistics(&self) -> Result<Statistics, Errno> {
        Ok(Statistics {
            programs: self.program_stats()?,
            measured: self.measuring.is_some(),
            ring_high_bytes: self.counters().ring_high,
            ring_bytes: u64::from(self.ring_bytes),
        })
    }

    /// Whether this program is attached.
    pub(crate) fn has_attached(&self, program: &str) -> bool {
        self.attached.iter().any(|one| one.name == program)
    }

    /// From now on, leaves out what happens in this cgroup, if the object can. What it goes on to
    /// send has to be left out where it arrives.
    pub(crate) fn exclude_cgroup(&self, cgroup: CgroupKey) {
        self.object.exclude_cgroup(cgroup);
    }

    /// Sends each cgroup's name once more, before the next event from there.
    pub(crate) fn resend_cgroup_names(&mut self) {
        self.object.resend_cgroup_names();
    }

    /// Ends tracing, and hands over what is in the ring as it is.
    #[cfg(test)]
    pub(crate) fn raw_records(mut self, mut each: impl FnMut(&mut [u8])) {
        self.attached.clear();
        wait_for_running_programs();
        while self
            .ring
            .fill(Duration::ZERO)
            .expect("the ring is readable")
        {
            self.ring.drain(&mut each);
        }
        self.ring.drain(each);
    }

    fn program_stats(&self) -> Result<Vec<ProgramStats>, Errno> {
        self.attached
            .iter()
            .map(|one| stats::of_program(one.name, one.program.as_fd()))
            .collect()
    }

    /// The counters of the kernel side as they are now.
    fn counters(&self) -> counters {
        // SAFETY: the pointer is to mapped memory of this type (see Object). The kernel side
        // changes it while we read, hence volatile; each counter is a word, which is read whole.
        unsafe { self.object.counters().read_volatile() }
    }

    fn tally(&self, counters: &counters) -> Tally {
        let mut tally = Tally::default();
        tally.args_ring = counters.args_ring;
        tally.args_unread = counters.args_unread;
        tally.env_ring = counters.env_ring;
        tally.env_unread = counters.env_unread;
        tally.args_many = counters.args_many;
        for kind in CountedKind::ALL {
            let from = &counters.kind[kind as usize];
            *tally.of_mut(kind) = KindTally {
                seen: from.seen,
                filtered: from.filtered,
                ring_full: from.ring_full,
                skipped: 0,
                malformed: self.malformed[kind as usize],
            };
        }
        tally
    }

    /// Adds the runs that the kernel skipped. Each skipped run of on_exec is an exec that happened
    /// and that no program saw. The others run for what is no event, too (threads, calls that
    /// succeeded), so that theirs can only be told.
    fn add_skipped(&self, tally: &mut Tally) {
        let programs = match self.program_stats() {
            Ok(programs) => programs,
            Err(errno) => return tracing::warn!("cannot ask for skipped runs: {errno}"),
        };
        for (program, attached) in programs.iter().zip(&self.attached) {
            match attached.kind {
                CountedKind::Exec => {
                    tally.of_mut(CountedKind::Exec).skipped += program.skipped;
                    tally.of_mut(CountedKind::Exec).seen += program.skipped;
                }
                _ => tally.skipped_runs += program.skipped,
            }
        }
    }

    /// Decodes the batch that was read.
    fn deliver(&mut self, sink: &mut Sink<'_>) {
        let Self {
            ring,
            decoder,
            clock,
            delivered,
            malformed,
            starts,
            ..
        } = self;
        let mut counted = |event: &Event<'_>| {
            if let Some(kind) = event.data.kind() {
                delivered[kind as usize] += 1;
            }
            sink(event);
        };
        ring.drain(|record| {
            if let Some(starts) = starts {
                starts.align_start_times(record);
            }
            if let Err(error) = decoder.decode(record, clock, &mut counted) {
                tracing::warn!("a record of {} bytes: {error}", record.len());
                if let Some(kind) = error.kind() {
                    malformed[kind as usize] += 1;
                }
            }
        });
        decoder.give_up_overdue(clock, &mut counted);
    }

    /// Waits for long only when the kernel side is to end that.
    fn fill(&mut self, timeout: Duration) -> Result<bool, Errno> {
        if timeout <= UNASKED || !self.will_be_woken() {
            return self.ring.fill(timeout.min(UNASKED));
        }
        // Programs that ran before the request was set have not woken the reader.
        wait_for_running_programs();
        let more_waiting = self.ring.fill(Duration::ZERO)?;
        match self.ring.is_empty() {
            true => self.ring.fill(timeout),
            false => Ok(more_waiting),
        }
    }

    fn will_be_woken(&self) -> bool {
        matches!(self.ring, Reader::Ring(_)) && self.object.request_wakeup().is_ok()
    }

    /// Delivers what is in the ring, and what is still waiting for its rest.
    fn take_the_rest(&mut self, sink: &mut Sink<'_>) -> Result<(), SourceError> {
        while self.ring.fill(Duration::ZERO).map_err(SourceError::new)? {
            self.deliver(sink);
        }
        self.deliver(sink);
        self.give_up_pending(sink);
        Ok(())
    }

    fn give_up_pending(&mut self, sink: &mut Sink<'_>) {
        let Self {
            decoder,
            clock,
            delivered,
            ..
        } = self;
        decoder.give_up_all(clock, &mut |event| {
            if let Some(kind) = event.data.kind() {
                delivered[kind as usize] += 1;
            }
            sink(event);
        });
    }

    /// Reports where the wall clock stands when tracing begins, and who is there then.
    fn begin(&mut self, sink: &mut Sink<'_>) {
        if !std::mem::replace(&mut self.begun, true) {
            self.report(self.start_ns, EventData::Clock(Clock { first: true }), sink);
            std::mem::take(&mut self.running).hand_out(&self.clock, sink);
        }
    }

    /// Follows the clock that stands still while the machine sleeps.
    fn observe_sleep(&mut self) {
        if let Some(suspended) = &mut self.suspended
            && suspended.observe()
        {
            self.object.set_suspended(suspended.total_ns());
        }
    }

    /// Follows the wall clock, and reports where it stands whenever it was set.
    fn observe_clock(&mut self, sink: &mut Sink<'_>) {
        let reading = clock::read();
        if self.clock.observe(reading.boot_ns, reading.wall_ns) {
            self.report(
                reading.boot_ns,
                EventData::Clock(Clock { first: false }),
                sink,
            );
        }
    }

    /// Reports what was lost since the last time.
    fn report_losses(&mut self, tally: &Tally, sink: &mut Sink<'_>) {
        let now = clock::read().boot_ns;
        for kind in CountedKind::ALL {
            let before = self.reported.of(kind).losses();
            for ((reason, count), (_, reported)) in tally.of(kind).losses().into_iter().zip(before)
            {
                let count = count.saturating_sub(reported);
                if count > 0 {
                    let lost = Lost {
                        kind,
                        count,
                        reason,
                    };
                    self.report(now, EventData::Lost(lost), sink);
                }
            }
        }
        self.reported = *tally;
    }

    fn report(&self, boot_ns: u64, data: EventData<'_>, sink: &mut Sink<'_>) {
        sink(&Event {
            time: self.clock.at(boot_ns),
            boot_ns,
            data,
        });
    }

    /// Whether everything that these counters count has arrived.
    fn all_arrived(&self, counters: &counters) -> bool {
        CountedKind::ALL.iter().all(|&kind| {
            let index = kind as usize;
            let of = &counters.kind[index];
            let arrived = self.delivered[index] + self.malformed[index];
            of.seen == of.filtered + of.ring_full + arrived
        })
    }
}

impl Source for BpfSession {
    fn poll(&mut self, timeout: Duration, sink: &mut Sink<'_>) -> Result<Poll, SourceError> {
        self.begin(sink);
        let timeout = match self.more_waiting {
            true => Duration::ZERO,
            false => timeout,
        };
        self.more_waiting = self.fill(timeout).map_err(SourceError::new)?;
        self.observe_sleep();
        self.observe_clock(sink);
        self.deliver(sink);
        let tally = self.tally(&self.counters());
        if tally != self.reported {
            self.report_losses(&tally, sink);
        }
        Ok(Poll::Ready)
    }

    fn now_ns(&self) -> u64 {
        clock::boot_time_ns()
    }

    /// Detaches everything, waits until no program runs any more, and takes what is left in the
    /// ring.
    fn finish(&mut self, sink: &mut Sink<'_>) -> Result<Tally, SourceError> {
        self.attached.iter_mut().for_each(|one| one.link = None);
        wait_for_running_programs();
        self.ring.close_input();
        self.begin(sink);
        self.observe_clock(sink);
        let mut counters = self.counters();
        let all_arrived = wait_until(FINISH_TIMEOUT, || {
            counters = self.counters();
            self.take_the_rest(sink)?;
            Ok(self.all_arrived(&counters))
        })?;
        if !all_arrived {
            tracing::warn!("events that the kernel counted did not arrive");
        }
        let mut tally = self.tally(&counters);
        self.add_skipped(&mut tally);
        self.report_losses(&tally, sink);
        Ok(tally)
    }
}

/// Attaches a program as its section says. Tracepoints are found also if tracefs is not mounted.
pub(crate) fn attach(
    attached: &mut Vec<Attached>,
    name: &'static str,
    kind: CountedKind,
    program: &mut ProgramMut<'_>,
) -> Result<(), StartError> {
    let failed = |cause| StartError::Other {
        what: format!("attaching {name}"),
        cause,
    };
    let link = tracefs::attach(program).map_err(|cause| match cause.kind() {
        ErrorKind::PermissionDenied => Obstacle::Forbidden.into(),
        _ => failed(cause),
    })?;
    let descriptor = program.as_fd().try_clone_to_owned();
    let program = descriptor.map_err(|error| failed(error.into()))?;
    attached.push(Attached {
        name,
        kind,
        program,
        link: Some(link),
    });
    Ok(())
}

fn measure() -> Option<OwnedFd> {
    stats::measure_run_times()
        .inspect_err(|errno| {
            tracing::warn!("run times cannot be measured ({errno}): that needs CAP_SYS_ADMIN")
        })
        .ok()
}

/// Waits for programs that are running now. (To detach them does not: it only makes sure that no
/// new run begins.) membarrier's global command is a grace period (synchronize_rcu), and each run
/// lies within one.
fn wait_for_running_programs() {
    let command = nix::libc::MEMBARRIER_CMD_GLOBAL;
    // SAFETY: the call takes three integers and touches no memory of ours.
    let outcome = unsafe { nix::libc::syscall(nix::libc::SYS_membarrier, command, 0, 0) };
    if outcome != 0 {
        // Not there with nohz_full: a run takes some milliseconds at most.
        std::thread::sleep(Duration::from_millis(20));
    }
}
