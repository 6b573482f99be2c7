//! Events without the secrets that they carry.

use execsnoop_events::Args as Argv;
use execsnoop_events::Body;
use execsnoop_events::Event;
use execsnoop_events::Exec;
use execsnoop_events::Image;
use execsnoop_events::Process;
use execsnoop_events::Redactor;

use crate::args::Args;

/// Masks secrets in arguments, and in what is shown of the environment.
#[derive(Debug)]
pub struct EventRedactor {
    args: Redactor,
    /// There when variables are asked for: what each redactor lends lives in its buffer.
    env: Option<Redactor>,
}

impl EventRedactor {
    /// By the rules that are built in, and those that `args` add.
    pub fn new(args: &Args) -> Self {
        let redactor = || Redactor::new(&args.redact_also);
        Self {
            args: redactor(),
            env: (!args.env.is_empty()).then(redactor),
        }
    }

    /// The event with its secrets masked; `None` when it has none.
    pub fn redact<'a>(&'a mut self, event: &Event<'a>) -> Option<Event<'a>> {
        let (args, env) = match &event.body {
            Body::Exec(exec) => (exec.args, exec.env),
            Body::Process(process) => (process.image?.args, process.image?.env),
            _ => return None,
        };
        let masked_args = self.args.redact(&args);
        let masked_env = match (&mut self.env, &env) {
            (Some(redactor), Some(env)) => redactor.redact(env),
            _ => None,
        };
        if masked_args.is_none() && masked_env.is_none() {
            return None;
        }
        Some(with(event, masked_args.unwrap_or(args), masked_env.or(env)))
    }
}

fn with<'a>(event: &Event<'a>, args: Argv<'a>, env: Option<Argv<'a>>) -> Event<'a> {
    let body = match event.body {
        Body::Exec(exec) => Body::Exec(Exec { args, env, ..exec }),
        Body::Process(process) => Body::Process(Process {
            image: process.image.map(|image| Image { args, env, ..image }),
            ..process
        }),
        other => other,
    };
    Event { body, ..*event }
}
