//! Events without the secrets that they carry.

use regex::bytes::Regex;

use super::Redactor;
use crate::argv::Argv;
use crate::event::Event;
use crate::event::EventData;
use crate::event::Exec;
use crate::event::Image;
use crate::event::ProcessSummary;
use crate::lineage::Ancestor;

/// Masks secrets in arguments, in file names, and in what is shown of the environment.
#[derive(Debug)]
pub struct EventRedactor {
    // Each redactor returns slices of its own buffer.
    args: Redactor,
    filename: Redactor,
    /// `Some` if variables of the environment are recorded.
    env: Option<Redactor>,
    /// The arguments of ancestors that had secrets in them.
    ancestors: Vec<Option<Vec<u8>>>,
}

/// The parts of an event that had secrets, masked. A part without secrets is `None`.
#[derive(Debug, Default)]
pub struct Masked<'a> {
    /// The event.
    pub event: Option<Event<'a>>,
    /// The ancestors of its process.
    pub ancestors: Option<Vec<Ancestor<'a>>>,
}

impl EventRedactor {
    /// A redactor with the built-in rules and these patterns. `has_env`: events carry variables.
    pub fn new(patterns: &[Regex], has_env: bool) -> Self {
        let redactor = || Redactor::new(patterns);
        Self {
            args: redactor(),
            filename: redactor(),
            env: has_env.then(redactor),
            ancestors: Vec::new(),
        }
    }

    /// Copies of the event and of its process's ancestors, with their secrets masked.
    pub fn mask<'a>(&'a mut self, event: &Event<'a>, ancestors: &[Ancestor<'a>]) -> Masked<'a> {
        let Self {
            args,
            filename,
            env,
            ancestors: kept,
        } = self;
        let ancestors = mask_ancestors(args, ancestors, kept);
        let event = mask_event(event, args, filename, env.as_mut());
        Masked { event, ancestors }
    }
}

fn mask_event<'a>(
    event: &Event<'a>,
    args: &'a mut Redactor,
    filename: &'a mut Redactor,
    env: Option<&'a mut Redactor>,
) -> Option<Event<'a>> {
    let image = match &event.data {
        EventData::Exec(exec) => exec.image(),
        EventData::Summary(process) => process.image?,
        _ => return None,
    };
    let masked_args = args.redact(&image.args);
    let masked_name = image.filename.and_then(|name| filename.redact_text(name));
    let masked_env = env.zip(image.env.as_ref());
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

/// Masks the arguments of ancestors. `kept` holds what is masked.
fn mask_ancestors<'a>(
    redactor: &mut Redactor,
    ancestors: &[Ancestor<'a>],
    kept: &'a mut Vec<Option<Vec<u8>>>,
) -> Option<Vec<Ancestor<'a>>> {
    kept.clear();
    kept.extend(ancestors.iter().map(|ancestor| {
        let masked = redactor.redact(&ancestor.args?)?;
        Some(block(&masked))
    }));
    if kept.iter().all(Option::is_none) {
        return None;
    }
    let with_args = |(ancestor, masked): (&Ancestor<'a>, &'a Option<Vec<u8>>)| Ancestor {
        args: masked.as_deref().map(Argv::whole).or(ancestor.args),
        ..*ancestor
    };
    Some(ancestors.iter().zip(&*kept).map(with_args).collect())
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
