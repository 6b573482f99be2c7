//! Events without the secrets that they carry.

use regex::bytes::Regex;

use super::Redactor;
use crate::argv::Argv;
use crate::event::Event;
use crate::event::Image;
use crate::event::Redacted;
use crate::lineage::Ancestor;

/// Masks secrets in arguments, in file names, and in what is shown of the environment.
#[derive(Debug)]
pub struct EventRedactor {
    // Each redactor returns slices of its own buffer.
    args: Redactor,
    files: FileRedactors,
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
        let compiled = Redactor::new(patterns);
        let redactor = || compiled.clone();
        Self {
            args: redactor(),
            files: FileRedactors {
                filename: redactor(),
                exe: redactor(),
                cwd: redactor(),
            },
            env: has_env.then(redactor),
            ancestors: Vec::new(),
        }
    }

    /// Copies of the event and of its process's ancestors, with their secrets masked.
    pub fn mask<'a>(&'a mut self, event: &Event<'a>, ancestors: &[Ancestor<'a>]) -> Masked<'a> {
        let Self {
            args,
            files,
            env,
            ancestors: kept,
        } = self;
        let ancestors = mask_ancestors(args, ancestors, kept);
        let event = mask_event(event, args, files, env.as_mut());
        Masked { event, ancestors }
    }
}

/// One redactor for each file name of an image.
#[derive(Debug)]
struct FileRedactors {
    filename: Redactor,
    exe: Redactor,
    cwd: Redactor,
}

impl FileRedactors {
    /// The image with the secrets in its file names masked; `None` if they have none.
    fn mask<'a>(&'a mut self, image: &Image<'a>) -> Option<Image<'a>> {
        let filename = image
            .filename
            .and_then(|path| self.filename.redact_text(path));
        let exe = image.exe.and_then(|path| self.exe.redact_text(path));
        let cwd = image.cwd.and_then(|path| self.cwd.redact_text(path));
        if [filename, exe, cwd].iter().all(Option::is_none) {
            return None;
        }
        Some(Image {
            filename: filename.or(image.filename),
            exe: exe.or(image.exe),
            cwd: cwd.or(image.cwd),
            ..*image
        })
    }
}

fn mask_event<'a>(
    event: &Event<'a>,
    args: &'a mut Redactor,
    files: &'a mut FileRedactors,
    env: Option<&'a mut Redactor>,
) -> Option<Event<'a>> {
    let image = event.image()?;
    let masked_args = args.redact(&image.args);
    let masked_files = files.mask(&image);
    let masked_env = env.zip(image.env.as_ref());
    let masked_env = masked_env.and_then(|(redactor, env)| redactor.redact_environment(env));
    if masked_args.is_none() && masked_files.is_none() && masked_env.is_none() {
        return None;
    }
    let before = image.redacted;
    let redacted = Redacted {
        texts: before.texts || masked_args.is_some() || masked_files.is_some(),
        env: before.env || masked_env.is_some(),
    };
    let image = masked_files.unwrap_or(image);
    let image = Image {
        redacted,
        args: masked_args.unwrap_or(image.args),
        env: masked_env.or(image.env),
        ..image
    };
    Some(event.with_image(&image))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventData;
    use crate::event::Exec;
    use crate::json::tests::id;
    use crate::json::tests::ls;

    /// A secret in the name of a file is masked in every field that has the name.
    #[test]
    fn every_name_of_a_file() {
        let mut redactor = EventRedactor::new(&[], false);
        let name = Some(&b"/tmp/password=hunter2"[..]);
        let exec = Exec {
            filename: name,
            exe: name,
            cwd: name,
            ..ls(Argv::whole(b"x\0"))
        };
        let event = Event {
            time: jiff::Timestamp::UNIX_EPOCH,
            boot_ns: id(1, 2).start_ns,
            data: EventData::Exec(exec),
        };
        let masked = redactor.mask(&event, &[]).event.expect("a secret");
        let EventData::Exec(masked) = masked.data else {
            panic!("an exec stays one");
        };
        let expected = Some(&b"/tmp/password=[redacted]"[..]);
        for shown in [masked.filename, masked.exe, masked.cwd] {
            assert_eq!(shown, expected);
        }
    }
}
