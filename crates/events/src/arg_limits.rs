//! How much is kept of lists of arguments, and of the environment: any user can make them long.

use crate::event::Event;
use crate::event::Image;
use crate::lineage::Ancestor;

/// The most that is kept of one list; `None` for all of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ArgLimits {
    /// Arguments. (Of the environment, other limits choose the variables.)
    pub count: Option<usize>,
    /// Bytes, with the NUL after each argument or variable.
    pub bytes: Option<usize>,
}

impl ArgLimits {
    /// Whether something is left out of an event's own lists.
    pub fn shortens(&self, event: &Event<'_>) -> bool {
        *self != Self::default() && self.shorten(event).is_some()
    }

    /// The event with shorter lists; `None` if they are within the limits.
    pub fn shorten<'a>(&self, event: &Event<'a>) -> Option<Event<'a>> {
        if *self == Self::default() {
            return None;
        }
        let image = event.image()?;
        let args = image.args.shortened(self.count, self.bytes);
        let env = image.env.and_then(|env| env.shortened(None, self.bytes));
        if args.is_none() && env.is_none() {
            return None;
        }
        let image = Image {
            args: args.unwrap_or(image.args),
            env: env.or(image.env),
            ..image
        };
        Some(event.with_image(&image))
    }

    /// Ancestors with shorter lists of arguments; `None` if they are within the limits.
    pub fn shorten_ancestors<'a>(&self, ancestors: &[Ancestor<'a>]) -> Option<Vec<Ancestor<'a>>> {
        let shorter = |ancestor: &Ancestor<'a>| ancestor.args?.shortened(self.count, self.bytes);
        if *self == Self::default() || !ancestors.iter().any(|one| shorter(one).is_some()) {
            return None;
        }
        let with_args = |ancestor: &Ancestor<'a>| Ancestor {
            args: shorter(ancestor).or(ancestor.args),
            ..*ancestor
        };
        Some(ancestors.iter().map(with_args).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argv::Argv;
    use crate::event::EventData;
    use crate::event::Exec;
    use crate::event::ProcessId;

    const PROCESS: ProcessId = ProcessId {
        pid: 1,
        start_ns: 1,
    };

    fn event<'a>(args: &'a [u8], env: &'a [u8]) -> Event<'a> {
        let image = Image {
            args: Argv::whole(args),
            env: Some(Argv::whole(env)),
            ..Image::UNKNOWN
        };
        Event {
            time: "2026-11-23T09:49:07Z".parse().expect("a time"),
            boot_ns: 1,
            data: EventData::Exec(Exec {
                env: image.env,
                ..Exec::of_image(PROCESS, &image)
            }),
        }
    }

    fn lists<'a>(event: &Event<'a>) -> [Vec<&'a [u8]>; 2] {
        let EventData::Exec(exec) = &event.data else {
            panic!("that is an exec");
        };
        [exec.args, exec.env.expect("an environment")].map(|list| list.iter().flatten().collect())
    }

    /// Without limits, and within them, nothing is made.
    #[test]
    fn within_the_limits() {
        let event = event(b"a\0b\0", b"A=1\0");
        for (count, bytes) in [(None, None), (Some(2), Some(4)), (Some(9), None)] {
            let limits = ArgLimits { count, bytes };
            assert!(limits.shorten(&event).is_none(), "{limits:?}");
            assert!(!limits.shortens(&event));
        }
    }

    /// The number is about arguments, the bytes about each list.
    #[test]
    fn beyond_the_limits() {
        let event = event(b"ls\0-l\0/tmp\0", b"LONG=value\0");
        let shorten = |count, bytes| ArgLimits { count, bytes }.shorten(&event);
        let few = shorten(Some(2), None).expect("shorter");
        let [args, env] = lists(&few);
        assert_eq!(
            (args, env),
            (vec![&b"ls"[..], b"-l"], vec![&b"LONG=value"[..]])
        );
        let short = shorten(None, Some(7)).expect("shorter");
        let [args, env] = lists(&short);
        assert_eq!(
            (args, env),
            (vec![&b"ls"[..], b"-l", b"/"], vec![&b"LONG=va"[..]])
        );
    }

    /// Ancestors have lists, too.
    #[test]
    fn ancestors() {
        let ancestor = |args| Ancestor {
            process: PROCESS,
            comm: b"sh",
            args: Some(Argv::whole(args)),
        };
        let limits = ArgLimits {
            count: Some(1),
            bytes: None,
        };
        assert!(limits.shorten_ancestors(&[ancestor(b"a\0")]).is_none());
        let shorter = limits.shorten_ancestors(&[ancestor(b"a\0b\0"), ancestor(b"c\0")]);
        let shorter = shorter.expect("shorter");
        let args = |at: usize| shorter[at].args.expect("arguments");
        assert!(args(0).is_shortened() && !args(1).is_shortened());
        assert_eq!(args(0).iter().count(), 1);
    }
}
