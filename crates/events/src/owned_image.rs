//! An owned copy of an event's image.

use crate::argv::Argv;
use crate::argv::ArgvRest;
use crate::event::ExecFile;
use crate::event::Image;
use crate::event::PathRoot;
use crate::event::Redacted;

/// A copy of an [`Image`], in one block of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnedImage {
    /// File name, path, working directory, environment, arguments.
    bytes: Box<[u8]>,
    /// Where in `bytes` the first four of them end; `None` for what the image does not have.
    ends: [Option<usize>; 4],
    exe_root: Option<PathRoot>,
    cwd_root: Option<PathRoot>,
    script: bool,
    secure: bool,
    has_begun: bool,
    file: Option<ExecFile>,
    redacted: Redacted,
    unreadable: Box<[u32]>,
    args_rest: ArgvRest,
    /// Without meaning if there is no environment.
    env_rest: ArgvRest,
}

impl OwnedImage {
    /// Copies an image.
    pub(crate) fn new(image: &Image<'_>) -> Self {
        let (env, _, env_rest) = image.env.unwrap_or(Argv::UNKNOWN).parts();
        let env = image.env.map(|_| env);
        let (block, unreadable, args_rest) = image.args.parts();
        let parts = [image.filename, image.exe, image.cwd, env, Some(block)];
        let length = parts.iter().flatten().map(|part| part.len()).sum();
        let mut bytes = Vec::with_capacity(length);
        let ends = [image.filename, image.exe, image.cwd, env].map(|part| {
            bytes.extend_from_slice(part?);
            Some(bytes.len())
        });
        bytes.extend_from_slice(block);
        Self {
            bytes: bytes.into_boxed_slice(),
            ends,
            exe_root: image.exe_root,
            cwd_root: image.cwd_root,
            script: image.script,
            secure: image.secure,
            has_begun: true,
            file: image.file,
            redacted: image.redacted,
            unreadable: unreadable.into(),
            args_rest,
            env_rest,
        }
    }

    /// The image, borrowed from this copy.
    pub(crate) fn lend(&self) -> Image<'_> {
        let mut at = 0;
        let [filename, exe, cwd, env] = self.ends.map(|end| {
            let part = &self.bytes[at..end?];
            at += part.len();
            Some(part)
        });
        Image {
            filename,
            exe,
            exe_root: self.exe_root,
            script: self.script,
            secure: self.secure,
            file: self.file,
            args: Argv::from_parts(&self.bytes[at..], &self.unreadable, self.args_rest),
            cwd,
            cwd_root: self.cwd_root,
            env: env.map(|env| Argv::from_parts(env, &[], self.env_rest)),
            redacted: self.redacted,
        }
    }

    /// The same without its arguments and its environment: they become unknown.
    pub(crate) fn without_args(&self) -> Self {
        let image = self.lend();
        let without = Self::new(&Image {
            args: Argv::cut(b"", image.args.total_bytes()),
            env: None,
            ..image
        });
        Self {
            has_begun: self.has_begun,
            ..without
        }
    }

    /// It is that of a program that did not begin, since its exec failed.
    pub(crate) fn did_not_begin(&mut self) {
        self.has_begun = false;
    }

    /// Whether its program has begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether its arguments are known.
    pub(crate) fn has_args(&self) -> bool {
        !self.lend().args.is_unknown()
    }

    /// How much memory it takes.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>() + self.bytes.len() + size_of_val(&*self.unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes back is what was put in.
    #[test]
    fn round_trip() {
        for args in [
            Argv::whole(b"ls\0\0"),
            Argv::whole(b""),
            Argv::cut(b"ls\0-", 77),
            Argv::one_by_one(b"ls\0\0", &[1], true),
        ] {
            for filename in [Some(&b"/bin/ls"[..]), Some(b""), None] {
                let image = Image {
                    filename,
                    exe: Some(b"/usr/bin/ls"),
                    exe_root: Some(PathRoot::Elsewhere),
                    script: true,
                    secure: true,
                    file: Some(ExecFile {
                        device: 1,
                        inode: 2,
                        links: 3,
                    }),
                    args,
                    cwd: Some(b"/tmp"),
                    cwd_root: Some(PathRoot::Namespace),
                    env: filename.map(|_| {
                        let env = Argv::whole(b"A=b\0C=\0");
                        env.shortened(None, Some(5)).expect("shorter")
                    }),
                    redacted: Redacted {
                        texts: filename.is_some(),
                        env: true,
                    },
                };
                assert_eq!(OwnedImage::new(&image).lend(), image);
            }
        }
    }

    /// Arguments that were dropped are unknown, not empty.
    #[test]
    fn dropped_arguments_are_unknown() {
        let image = Image {
            filename: Some(b"/bin/ls"),
            args: Argv::whole(b"ls\0"),
            ..Image::UNKNOWN
        };
        let kept = OwnedImage::new(&image).without_args();
        assert!(kept.lend().args.is_unknown());
        assert_eq!(kept.lend().filename, image.filename);
    }
}
