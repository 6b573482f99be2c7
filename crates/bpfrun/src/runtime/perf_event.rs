//! Programs that run at regular times on every CPU.

use std::io;
use std::os::fd::AsFd as _;
use std::os::fd::AsRawFd as _;
use std::os::fd::IntoRawFd as _;
use std::os::fd::OwnedFd;

use execsnoop_host::cpus;
use execsnoop_host::cpus::CpuWatch;
use execsnoop_host::cpus::PerfEventLife;
use libbpf_rs::Link;
use libbpf_rs::Object;
use libbpf_rs::ProgramMut;

use crate::runtime::cpu_clock::open_clock;

/// A program that is attached to a clock on each CPU, and follows CPUs that go offline and come
/// back.
#[derive(Debug)]
pub(crate) struct Clocks {
    function: String,
    frequency: u64,
    clocks: Vec<Clock>,
    watch: CpuWatch,
}

#[derive(Debug)]
struct Clock {
    cpu: i32,
    // Dropped in this order.
    _link: Link,
    event: OwnedFd,
    life: PerfEventLife,
}

impl Clocks {
    /// Attaches a program to a clock on each CPU: `99`, `cpu-clock:99` (99 times a second).
    pub(crate) fn attach(program: &ProgramMut<'_>, event: &str) -> libbpf_rs::Result<Self> {
        let frequency = event
            .rsplit(':')
            .next()
            .and_then(|hertz| hertz.parse().ok());
        let Some(frequency) = frequency.filter(|hertz| *hertz > 0) else {
            let usage = "write it as perf_event/99: so many times a second";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, usage).into());
        };
        let online = cpus::online()?;
        let clocks = online
            .iter()
            .map(|&cpu| Clock::attach(program, cpu, frequency));
        Ok(Self {
            function: program.name().to_string_lossy().into_owned(),
            frequency,
            clocks: clocks.collect::<libbpf_rs::Result<_>>()?,
            watch: CpuWatch::new(online),
        })
    }

    /// On how many CPUs it runs.
    pub(crate) fn len(&self) -> usize {
        self.clocks.len()
    }

    /// Gives CPUs a clock that have come online since. To be called about once a second.
    pub(crate) fn follow_cpus(&mut self, object: &Object) {
        let Some(change) = self.watch.look() else {
            return;
        };
        let mut without: Vec<i32> = change.came;
        for cpu in change.check.unwrap_or_default() {
            let clock = self.clocks.iter_mut().find(|clock| clock.cpu == cpu);
            if clock.is_none_or(Clock::has_stopped) && !without.contains(&cpu) {
                without.push(cpu);
            }
        }
        self.clocks.retain(|clock| !without.contains(&clock.cpu));
        self.attach_more(object, &without);
    }

    /// One that is gone again by then is tried again.
    fn attach_more(&mut self, object: &Object, cpus: &[i32]) {
        let function = self.function.as_str();
        let program = object
            .progs_mut()
            .find(|program| program.name() == function);
        let Some(program) = program.filter(|_| !cpus.is_empty()) else {
            return;
        };
        for &cpu in cpus {
            match Clock::attach(&program, cpu, self.frequency) {
                Ok(clock) => self.clocks.push(clock),
                Err(error) => tracing::debug!("no clock for {function} on CPU {cpu}: {error}"),
            }
        }
    }
}

impl Clock {
    fn attach(program: &ProgramMut<'_>, cpu: i32, frequency: u64) -> libbpf_rs::Result<Self> {
        let event = open_clock(cpu, frequency)?;
        let own = event.try_clone()?;
        let link = program.attach_perf_event(event.as_raw_fd())?;
        // libbpf closes it together with the link.
        let _ = event.into_raw_fd();
        Ok(Self {
            cpu,
            _link: link,
            event: own,
            life: PerfEventLife::default(),
        })
    }

    fn has_stopped(&mut self) -> bool {
        self.life.has_ended(self.event.as_fd())
    }
}
