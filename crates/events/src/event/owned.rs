//! Events that own their bytes.

use jiff::Timestamp;

use super::cgroup::Cgroup;
use super::data::Event;
use super::data::EventData;
use super::exec::Exec;
use super::existing::Existing;
use super::existing::ExistingState;
use super::exit::Exit;
use super::image::Image;
use super::login::LoginSession;
use super::summary::ProcessSummary;
use crate::argv::Argv;
use crate::comm::Comm;
use crate::owned_image::OwnedImage;

/// A copy of an [`Event`] that can be kept.
#[derive(Debug, Clone)]
pub struct OwnedEvent {
    time: Timestamp,
    boot_ns: u64,
    data: OwnedData,
}

#[derive(Debug, Clone)]
enum OwnedData {
    Exec(Box<OwnedExec>),
    Exit(Box<OwnedExit>),
    Existing(Box<OwnedExisting>),
    Summary(Box<OwnedSummary>),
    Cgroup(Cgroup<'static>, Box<[u8]>),
    /// The event data, which borrows no bytes.
    Plain(Box<EventData<'static>>),
}

impl OwnedEvent {
    /// Copies an event.
    pub fn new(event: &Event<'_>) -> Self {
        let data = match &event.data {
            EventData::Exec(exec) => OwnedData::Exec(Box::new(OwnedExec::new(exec))),
            EventData::Exit(exit) => OwnedData::Exit(Box::new(OwnedExit::new(exit))),
            EventData::Existing(existing) => {
                OwnedData::Existing(Box::new(OwnedExisting::new(existing)))
            }
            EventData::Summary(process) => OwnedData::Summary(Box::new(OwnedSummary::new(process))),
            EventData::Cgroup(cgroup) => {
                let kept = Cgroup {
                    path: b"",
                    ..*cgroup
                };
                OwnedData::Cgroup(kept, cgroup.path.into())
            }
            EventData::Gone(process) => OwnedData::Plain(Box::new(EventData::Gone(*process))),
            EventData::Fork(fork) => OwnedData::Plain(Box::new(EventData::Fork(*fork))),
            EventData::FinalUsage(usage) => {
                OwnedData::Plain(Box::new(EventData::FinalUsage(*usage)))
            }
            EventData::Lost(lost) => OwnedData::Plain(Box::new(EventData::Lost(*lost))),
            EventData::Clock(clock) => OwnedData::Plain(Box::new(EventData::Clock(*clock))),
        };
        Self {
            time: event.time,
            boot_ns: event.boot_ns,
            data,
        }
    }

    /// The event, borrowed from this copy.
    pub fn lend(&self) -> Event<'_> {
        let data = match &self.data {
            OwnedData::Exec(exec) => EventData::Exec(exec.lend()),
            OwnedData::Exit(exit) => EventData::Exit(exit.lend()),
            OwnedData::Existing(existing) => EventData::Existing(existing.lend()),
            OwnedData::Summary(process) => EventData::Summary(process.lend()),
            OwnedData::Cgroup(cgroup, path) => EventData::Cgroup(Cgroup { path, ..*cgroup }),
            OwnedData::Plain(data) => **data,
        };
        Event {
            time: self.time,
            boot_ns: self.boot_ns,
            data,
        }
    }

    /// When it happened, in ns since boot.
    pub fn boot_ns(&self) -> u64 {
        self.boot_ns
    }
}

/// A copy of an [`Exec`] that can be kept.
#[derive(Debug, Clone)]
pub(crate) struct OwnedExec {
    /// Without its bytes.
    exec: Exec<'static>,
    image: OwnedImage,
    comm: Comm,
    parent_comm: Comm,
    tty: Option<Comm>,
}

impl OwnedExec {
    /// Copies an exec.
    pub(crate) fn new(exec: &Exec<'_>) -> Self {
        let kept = Exec {
            comm: b"",
            parent_comm: b"",
            filename: None,
            exe: None,
            args: Argv::UNKNOWN,
            cwd: None,
            env: None,
            session: without_tty(&exec.session),
            ..*exec
        };
        Self {
            exec: kept,
            image: OwnedImage::new(&exec.image()),
            comm: Comm::new(exec.comm),
            parent_comm: Comm::new(exec.parent_comm),
            tty: exec.session.tty.map(Comm::new),
        }
    }

    /// The exec, borrowed from this copy.
    pub(crate) fn lend(&self) -> Exec<'_> {
        let image = self.image();
        Exec {
            comm: self.comm.get(),
            parent_comm: self.parent_comm.get(),
            filename: image.filename,
            exe: image.exe,
            args: image.args,
            cwd: image.cwd,
            env: image.env,
            session: with_tty(self.exec.session, self.tty.as_ref()),
            ..self.exec
        }
    }

    /// What it runs.
    pub(crate) fn image(&self) -> Image<'_> {
        self.image.lend()
    }
}

#[derive(Debug, Clone)]
struct OwnedExit {
    exit: Exit<'static>,
    comm: Comm,
}

impl OwnedExit {
    fn new(exit: &Exit<'_>) -> Self {
        Self {
            exit: Exit { comm: b"", ..*exit },
            comm: Comm::new(exit.comm),
        }
    }

    fn lend(&self) -> Exit<'_> {
        Exit {
            comm: self.comm.get(),
            ..self.exit
        }
    }
}

#[derive(Debug, Clone)]
struct OwnedExisting {
    existing: Existing<'static>,
    comm: Comm,
    parent_comm: Comm,
    tty: Option<Comm>,
    image: OwnedImage,
}

impl OwnedExisting {
    fn new(existing: &Existing<'_>) -> Self {
        Self {
            existing: Existing {
                comm: b"",
                parent_comm: b"",
                session: without_tty(&existing.session),
                image: Image::UNKNOWN,
                state: without_comm(&existing.state),
                ..*existing
            },
            comm: Comm::new(existing.comm),
            parent_comm: Comm::new(existing.parent_comm),
            tty: existing.session.tty.map(Comm::new),
            image: OwnedImage::new(&existing.image),
        }
    }

    fn lend(&self) -> Existing<'_> {
        Existing {
            comm: self.comm.get(),
            parent_comm: self.parent_comm.get(),
            session: with_tty(self.existing.session, self.tty.as_ref()),
            image: self.image.lend(),
            state: with_comm(self.existing.state, self.comm.get()),
            ..self.existing
        }
    }
}

#[derive(Debug, Clone)]
struct OwnedSummary {
    process: ProcessSummary<'static>,
    comm: Comm,
    parent_comm: Option<Comm>,
    tty: Option<Comm>,
    image: Option<OwnedImage>,
    exit: Option<OwnedExit>,
}

impl OwnedSummary {
    fn new(process: &ProcessSummary<'_>) -> Self {
        let session = process.session.as_ref();
        Self {
            process: ProcessSummary {
                comm: b"",
                parent_comm: None,
                session: session.map(without_tty),
                image: None,
                exit: None,
                ..*process
            },
            comm: Comm::new(process.comm),
            parent_comm: process.parent_comm.map(Comm::new),
            tty: session.and_then(|session| session.tty).map(Comm::new),
            image: process.image.as_ref().map(OwnedImage::new),
            exit: process.exit.as_ref().map(OwnedExit::new),
        }
    }

    fn lend(&self) -> ProcessSummary<'_> {
        let session = self.process.session;
        ProcessSummary {
            comm: self.comm.get(),
            parent_comm: self.parent_comm.as_ref().map(Comm::get),
            session: session.map(|session| with_tty(session, self.tty.as_ref())),
            image: self.image.as_ref().map(OwnedImage::lend),
            exit: self.exit.as_ref().map(OwnedExit::lend),
            ..self.process
        }
    }
}

/// The name at the end is that of the process.
fn without_comm(state: &ExistingState<'_>) -> ExistingState<'static> {
    match *state {
        ExistingState::Alive => ExistingState::Alive,
        ExistingState::Ending {
            time,
            boot_ns,
            exit,
        } => ExistingState::Ending {
            time,
            boot_ns,
            exit: Exit { comm: b"", ..exit },
        },
        ExistingState::Ended { boot_ns } => ExistingState::Ended { boot_ns },
    }
}

fn with_comm<'a>(state: ExistingState<'static>, comm: &'a [u8]) -> ExistingState<'a> {
    match state {
        ExistingState::Ending {
            time,
            boot_ns,
            exit,
        } => ExistingState::Ending {
            time,
            boot_ns,
            exit: Exit { comm, ..exit },
        },
        other => other,
    }
}

fn without_tty(session: &LoginSession<'_>) -> LoginSession<'static> {
    LoginSession {
        tty: None,
        ..*session
    }
}

fn with_tty<'a>(session: LoginSession<'a>, tty: Option<&'a Comm>) -> LoginSession<'a> {
    LoginSession {
        tty: tty.map(Comm::get),
        ..session
    }
}
