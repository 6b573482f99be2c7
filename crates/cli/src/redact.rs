//! Events without the secrets that they carry.

use execsnoop_events::Ancestor;
use execsnoop_events::Argv;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Exec;
use execsnoop_events::Image;
use execsnoop_events::ProcessSummary;
use execsnoop_events::Redactor;

use crate::args::Args;

/// Masks secrets in arguments, in file names, and in what is shown of the environment.
#[derive(Debug)]
pub struct EventRedactor {
    // What each redactor lends lives in its own buffer.
    args: Redactor,
    filename: Redactor,
    /// There when variables are asked for.
    env: Option<Redactor>,
    /// The arguments of ancestors that had secrets in them.
    ancestors: Vec<Option<Vec<u8>>>,
}

impl EventRedactor {
    /// By the rules that are built in, and those that `args` add.
    pub fn new(args: &Args) -> Self {
        let redactor = || Redactor::new(&args.redact_also);
        Self {
            args: redactor(),
            filename: redactor(),
            env: (!args.env.is_empty()).then(redactor),
            ancestors: Vec::new(),
        }
    }

    /// The event, and its process's ancestors, with their secrets masked; the event is `None` when it has
    /// none.
    pub fn redact<'a>(
        &'a mut self,
        event: &Event<'a>,
        ancestors: &mut [Ancestor<'a>],
    ) -> Option<Event<'a>> {
        let Self {
            args,
            filename,
            env,
            ancestors: masked,
        } = self;
        redact_ancestors(args, ancestors, masked);
        let image = match &event.data {
            EventData::Exec(exec) => exec.image(),
            EventData::Summary(process) => process.image?,
            _ => return None,
        };
        let masked_args = args.redact(&image.args);
        let masked_name = image.filename.and_then(|it| filename.redact_text(it));
        let masked_env = env.as_mut().zip(image.env.as_ref());
        let masked_env = masked_env.and_then(|(redactor, env)| redactor.redact_environment(env));
        if masked_args.is_none() && masked_name.is_none() && masked_env.is_none() {
            return None;
        }
        let image = Image {
            args: masked_args.unwrap_or(image.args),
            filename: masked_name.or(image.filename),
            env: masked_env.or(image.env),
            ..image
        };
        Some(with(event, &image))
    }
}

/// Masks the arguments of ancestors; `kept` holds what is masked.
fn redact_ancestors<'a>(
    redactor: &mut Redactor,
    ancestors: &mut [Ancestor<'a>],
    kept: &'a mut Vec<Option<Vec<u8>>>,
) {
    kept.clear();
    kept.extend(ancestors.iter().map(|ancestor| {
        let masked = redactor.redact(&ancestor.args?)?;
        Some(block(&masked))
    }));
    for (ancestor, masked) in ancestors.iter_mut().zip(kept.iter()) {
        if let Some(masked) = masked {
            ancestor.args = Some(Argv::whole(masked));
        }
    }
}

fn block(args: &Argv<'_>) -> Vec<u8> {
    let mut block = Vec::new();
    for arg in args.iter().flatten() {
        block.extend_from_slice(arg);
        block.push(0);
    }
    block
}

fn with<'a>(event: &Event<'a>, image: &Image<'a>) -> Event<'a> {
    let data = match event.data {
        EventData::Exec(exec) => EventData::Exec(Exec {
            args: image.args,
            filename: image.filename,
            env: image.env,
            ..exec
        }),
        EventData::Summary(process) => EventData::Summary(ProcessSummary {
            image: Some(*image),
            ..process
        }),
        other => other,
    };
    Event { data, ..*event }
}
