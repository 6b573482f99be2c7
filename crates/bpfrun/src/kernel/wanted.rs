//! Which of the kernel's types a program needs.
//!
//! A program can use a type only by naming it, or by naming a member that leads to it. So the words
//! of its text select the few types that are to be declared: a header of some hundred lines in
//! place of one of 150,000, which compiles as fast as a precompiled header and needs none kept
//! anywhere.

use std::collections::HashSet;

use super::Btf;
use super::btf::Kind;

/// The types that a text made of these words needs whole.
pub(crate) fn wanted(btf: &Btf, words: &HashSet<&[u8]>) -> Vec<u32> {
    let mut search = Search {
        btf,
        words,
        seen: HashSet::new(),
        pending: Vec::new(),
        found: Vec::new(),
    };
    for id in btf.ids() {
        if search.is_named(id) {
            search.add(id);
        }
    }
    while let Some(id) = search.pending.pop() {
        search.follow_members(id);
    }
    search.found
}

struct Search<'a> {
    btf: &'a Btf,
    words: &'a HashSet<&'a [u8]>,
    seen: HashSet<u32>,
    pending: Vec<u32>,
    found: Vec<u32>,
}

impl Search<'_> {
    fn is_named(&self, id: u32) -> bool {
        match self.btf.kind(id) {
            Kind::Struct | Kind::Union | Kind::Typedef | Kind::Forward => self.has(id),
            Kind::Enum | Kind::Enum64 => self.has(id) || self.has_enumerator(id),
            _ => false,
        }
    }

    fn has(&self, id: u32) -> bool {
        self.words.contains(self.btf.name(id))
    }

    fn has_enumerator(&self, id: u32) -> bool {
        self.btf
            .members(id)
            .any(|one| self.words.contains(one.name))
    }

    /// Takes a type, and what it is an alias of.
    fn add(&mut self, id: u32) {
        if self.btf.kind(id) == Kind::Typedef && self.seen.insert(id) {
            self.found.push(id);
        }
        let base = self.base(id);
        let composite = matches!(self.btf.kind(base), Kind::Struct | Kind::Union);
        let plain = matches!(
            self.btf.kind(base),
            Kind::Enum | Kind::Enum64 | Kind::Forward
        );
        if (composite || plain) && self.seen.insert(base) {
            self.found.push(base);
            self.pending.push(base);
        }
    }

    /// The type behind pointers, arrays, typedefs and qualifiers.
    fn base(&self, mut id: u32) -> u32 {
        // Bounded: a broken blob may go in circles.
        for _ in 0..64 {
            match self.btf.kind(id) {
                Kind::Pointer | Kind::Array | Kind::Typedef | Kind::Qualifier => {
                    id = self.btf.target(id);
                }
                _ => break,
            }
        }
        id
    }

    fn follow_members(&mut self, id: u32) {
        let btf = self.btf;
        if !matches!(btf.kind(id), Kind::Struct | Kind::Union) {
            return;
        }
        for member in btf.members(id) {
            if member.name.is_empty() || self.words.contains(member.name) {
                self.add(member.type_id);
            }
        }
    }
}
