//! The memory that images take, and who loses some when it is short.
//!
//! Anybody can start processes with large arguments. So when there is no room, the user whose
//! images take most of it loses some: first those of dead processes, the oldest first, then those
//! of the living. A user who has less than an equal share of the memory loses nothing.

use std::collections::BinaryHeap;
use std::collections::HashSet;
use std::sync::Arc;

use foldhash::HashMap;

use crate::event::Image;
use crate::owned_image::OwnedImage;

/// Images within a limit.
#[derive(Debug)]
pub(super) struct Images {
    limit: usize,
    bytes: usize,
}

/// A process that has an image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder<'a> {
    pub image: &'a Arc<OwnedImage>,
    pub uid: Option<u32>,
    pub start_ns: u64,
    pub is_alive: bool,
}

/// Images that lose their room, by address.
pub(super) type Victims = HashSet<*const OwnedImage>;

/// An image that its user may lose.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    is_alive: bool,
    start_ns: u64,
    address: *const OwnedImage,
    size: usize,
}

/// What a user has. The user with most is the largest.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Share {
    bytes: usize,
    /// The last one is lost first.
    candidates: Vec<Candidate>,
}

impl Images {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, bytes: 0 }
    }

    /// Bytes that they take now.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// No image takes more, so that each one fits when room was made.
    fn largest(&self) -> usize {
        self.limit / 4
    }

    /// A copy of an image; without its arguments and environment if it is too large, and `None` if
    /// that is too large as well.
    pub(super) fn copy(&self, image: &Image<'_>) -> Option<OwnedImage> {
        let copy = OwnedImage::new(image);
        let fits = |copy: &OwnedImage| copy.size() <= self.largest();
        match fits(&copy) {
            true => Some(copy),
            false => Some(copy.without_args()).filter(fits),
        }
    }

    /// Whether there is room for another image.
    pub(super) fn has_room_for(&self, image: &OwnedImage) -> bool {
        self.bytes + image.size() <= self.limit
    }

    /// Keeps an image.
    pub(super) fn keep(&mut self, image: OwnedImage) -> Arc<OwnedImage> {
        self.bytes += image.size();
        Arc::new(image)
    }

    /// Takes an image back from one of its holders.
    pub(super) fn release(&mut self, image: Option<Arc<OwnedImage>>) {
        if let Some(last) = image.and_then(Arc::into_inner) {
            self.bytes -= last.size();
        }
    }

    /// Chooses images that all their holders have to release. A quarter of the memory becomes free
    /// by that, so that it is rarely asked for.
    pub(super) fn choose_victims<'a>(&self, holders: impl Iterator<Item = Holder<'a>>) -> Victims {
        let mut excess = (self.bytes + self.largest()).saturating_sub(self.limit);
        let mut shares = shares(holders);
        let mut victims = Victims::new();
        while excess > 0
            && let Some(mut most) = shares.pop()
        {
            if let Some(lost) = most.candidates.pop() {
                excess = excess.saturating_sub(lost.size);
                most.bytes -= lost.size;
                victims.insert(lost.address);
                shares.push(most);
            }
        }
        victims
    }
}

/// What each user has. A shared image is that of its oldest holder, and alive with any of them.
fn shares<'a>(holders: impl Iterator<Item = Holder<'a>>) -> BinaryHeap<Share> {
    let mut images: HashMap<*const OwnedImage, Holder<'a>> = HashMap::default();
    for holder in holders {
        images
            .entry(Arc::as_ptr(holder.image))
            .and_modify(|known| *known = joined(known, &holder))
            .or_insert(holder);
    }
    let mut users: HashMap<Option<u32>, Vec<Candidate>> = HashMap::default();
    for (address, holder) in images {
        users.entry(holder.uid).or_default().push(Candidate {
            is_alive: holder.is_alive,
            start_ns: holder.start_ns,
            address,
            size: holder.image.size(),
        });
    }
    users.into_values().map(Share::new).collect()
}

fn joined<'a>(one: &Holder<'a>, other: &Holder<'a>) -> Holder<'a> {
    let oldest = if one.start_ns <= other.start_ns {
        one
    } else {
        other
    };
    Holder {
        is_alive: one.is_alive || other.is_alive,
        ..*oldest
    }
}

impl Share {
    fn new(mut candidates: Vec<Candidate>) -> Self {
        candidates.sort_unstable_by(|one, other| other.cmp(one));
        Self {
            bytes: candidates.iter().map(|candidate| candidate.size).sum(),
            candidates,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argv::Argv;

    fn images(limit: usize, count: u8) -> (Images, Vec<Arc<OwnedImage>>) {
        let mut images = Images::new(limit);
        let block = [b'x'; 1000];
        let image = Image {
            args: Argv::whole(&block),
            ..Image::UNKNOWN
        };
        let kept = (0..count)
            .map(|_| images.copy(&image).expect("it fits"))
            .collect::<Vec<_>>();
        let kept = kept.into_iter().map(|copy| images.keep(copy)).collect();
        (images, kept)
    }

    fn holder(image: &Arc<OwnedImage>, uid: u32, start_ns: u64, is_alive: bool) -> Holder<'_> {
        Holder {
            image,
            uid: Some(uid),
            start_ns,
            is_alive,
        }
    }

    fn chosen(victims: &Victims, images: &[Arc<OwnedImage>]) -> Vec<usize> {
        let is_lost = |index: &usize| victims.contains(&Arc::as_ptr(&images[*index]));
        (0..images.len()).filter(is_lost).collect()
    }

    /// The user with most loses: the oldest dead first, then the oldest living.
    #[test]
    fn the_user_with_most_loses() {
        let (table, kept) = images(8 * 1200, 8);
        let holders = [
            holder(&kept[0], 0, 1, true),
            holder(&kept[1], 0, 2, false),
            holder(&kept[2], 1000, 3, true),
            holder(&kept[3], 1000, 4, true),
            holder(&kept[4], 1000, 6, false),
            holder(&kept[5], 1000, 5, false),
            holder(&kept[6], 1000, 7, true),
            holder(&kept[7], 1000, 8, true),
        ];
        let victims = table.choose_victims(holders.into_iter());
        assert_eq!(chosen(&victims, &kept), [4, 5]);
        let living = holders.map(|holder| Holder {
            is_alive: true,
            ..holder
        });
        let victims = table.choose_victims(living.into_iter());
        assert_eq!(chosen(&victims, &kept), [2, 3]);
    }

    /// Many users at once take from each other, not from one that has less.
    #[test]
    fn an_equal_share_is_safe() {
        let (table, kept) = images(8 * 1200, 8);
        let owners = [0, 1, 1, 1, 2, 2, 2, 2];
        let holders = kept.iter().zip(owners).zip(1..);
        let holders = holders.map(|((image, uid), start_ns)| holder(image, uid, start_ns, true));
        let victims = table.choose_victims(holders);
        assert_eq!(victims.len(), 2);
        assert!(!victims.contains(&Arc::as_ptr(&kept[0])));
    }

    /// An image that a living process shares with dead ones is alive.
    #[test]
    fn a_shared_image() {
        let (table, kept) = images(4 * 1200, 4);
        let holders = [
            holder(&kept[0], 7, 1, false),
            holder(&kept[0], 7, 9, true),
            holder(&kept[1], 7, 2, false),
            holder(&kept[2], 7, 3, true),
            holder(&kept[3], 7, 4, true),
        ];
        let victims = table.choose_victims(holders.into_iter());
        assert_eq!(chosen(&victims, &kept), [1]);
    }

    /// One image does not take all the room.
    #[test]
    fn a_large_image() {
        let table = Images::new(2000);
        let image = Image {
            filename: Some(b"/bin/ls"),
            args: Argv::whole(&[b'x'; 1000]),
            ..Image::UNKNOWN
        };
        let copy = table.copy(&image).expect("the rest fits");
        assert_eq!(copy.lend().filename, image.filename);
        assert!(copy.lend().args.is_unknown());
        assert_eq!(Images::new(0).copy(&image), None);
    }
}
