//! Filters that run on decoded events.

use execsnoop_events::Args as Argv;
use execsnoop_events::Body;
use execsnoop_events::Exit;
use execsnoop_events::Image;
use execsnoop_events::ProcessId;
use regex::bytes::Regex;

/// Which events are shown. What is not set lets everything through; what an event does not know, no
/// filter lets through. Forks know neither user nor command, and are only asked who created them.
#[derive(Debug, Default)]
pub struct Filter {
    /// For the process's name.
    pub name: Option<Regex>,
    /// For the arguments, joined by spaces.
    pub line: Option<Regex>,
    /// The real user id.
    pub uid: Option<u32>,
    /// The parent, by its number in the initial pid namespace.
    pub ppid: Option<u32>,
    /// Of ends, only those without success.
    pub failed: bool,
    /// Reused for each event.
    joined: Vec<u8>,
}

impl Filter {
    /// Whether this event is to be shown.
    pub fn lets_through(&mut self, body: &Body<'_>) -> bool {
        match body {
            Body::Exec(exec) => {
                self.fits(exec.uid, exec.parent)
                    && self.fits_name(exec.comm)
                    && self.fits_line(&exec.args)
            }
            Body::Process(process) => {
                let image = process.image.unwrap_or(Image::UNKNOWN);
                self.fits(process.uid, process.parent)
                    && self.fits_end(process.exit.as_ref())
                    && self.fits_name(process.comm)
                    && self.fits_line(&image.args)
            }
            Body::Exit(exit) => {
                self.fits(exit.uid, exit.parent)
                    && self.fits_end(Some(exit))
                    && self.fits_name(exit.comm)
                    && self.line.is_none()
            }
            Body::Fork(fork) => self.ppid.is_none_or(|ppid| ppid == fork.creator.pid),
            Body::Freed(_) | Body::Running(_) | Body::Lost(_) | Body::Clock(_) => true,
        }
    }

    fn fits(&self, uid: Option<u32>, parent: ProcessId) -> bool {
        self.uid.is_none_or(|wanted| uid == Some(wanted))
            && self.ppid.is_none_or(|wanted| wanted == parent.pid)
    }

    fn fits_end(&self, end: Option<&Exit<'_>>) -> bool {
        !self.failed || end.is_some_and(|exit| exit.status.is_some_and(|status| !status.success()))
    }

    fn fits_name(&self, comm: &[u8]) -> bool {
        self.name.as_ref().is_none_or(|name| name.is_match(comm))
    }

    fn fits_line(&mut self, args: &Argv<'_>) -> bool {
        let Some(line) = &self.line else {
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
