//! An image that is kept: what an event lends, owned.

use crate::argv::Args;
use crate::event::Image;

/// A copy of an [`Image`], in one block of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnedImage {
    bytes: Box<[u8]>,
    /// Where the file name ends in `bytes`; the path follows it, then the arguments.
    filename_end: usize,
    exe_end: usize,
    has_filename: bool,
    has_exe: bool,
    script: bool,
    unreadable: Box<[u32]>,
    args_rest: (u64, bool),
}

impl OwnedImage {
    /// Copies an image.
    pub(crate) fn new(image: &Image<'_>) -> Self {
        let filename = image.filename.unwrap_or_default();
        let exe = image.exe.unwrap_or_default();
        let (block, unreadable, args_rest) = image.args.parts();
        Self {
            bytes: [filename, exe, block].concat().into_boxed_slice(),
            filename_end: filename.len(),
            exe_end: filename.len() + exe.len(),
            has_filename: image.filename.is_some(),
            has_exe: image.exe.is_some(),
            script: image.script,
            unreadable: unreadable.into(),
            args_rest,
        }
    }

    /// The image again.
    pub(crate) fn lend(&self) -> Image<'_> {
        let filename = &self.bytes[..self.filename_end];
        let exe = &self.bytes[self.filename_end..self.exe_end];
        let block = &self.bytes[self.exe_end..];
        Image {
            filename: self.has_filename.then_some(filename),
            exe: self.has_exe.then_some(exe),
            script: self.script,
            args: Args::from_parts(block, &self.unreadable, self.args_rest),
        }
    }

    /// The same without its arguments: they become unknown.
    pub(crate) fn without_args(&self) -> Self {
        let image = self.lend();
        Self::new(&Image {
            args: Args::cut(b"", image.args.total_bytes()),
            ..image
        })
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
            Args::whole(b"ls\0\0"),
            Args::whole(b""),
            Args::cut(b"ls\0-", 77),
            Args::one_by_one(b"ls\0\0", &[1], true),
        ] {
            for filename in [Some(&b"/bin/ls"[..]), Some(b""), None] {
                let image = Image {
                    filename,
                    exe: Some(b"/usr/bin/ls"),
                    script: true,
                    args,
                };
                assert_eq!(OwnedImage::new(&image).lend(), image);
            }
        }
    }

    /// Arguments that had to go are unknown, not empty.
    #[test]
    fn dropped_arguments_are_unknown() {
        let image = Image {
            filename: Some(b"/bin/ls"),
            exe: None,
            script: false,
            args: Args::whole(b"ls\0"),
        };
        let kept = OwnedImage::new(&image).without_args();
        assert!(kept.lend().args.unknown());
        assert_eq!(kept.lend().filename, image.filename);
    }
}
