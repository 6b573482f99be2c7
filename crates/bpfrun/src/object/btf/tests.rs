use proptest::prelude::*;

use super::*;
use crate::object::type_layout::Layout;

/// Builds BTF, type by type.
#[derive(Default)]
pub(crate) struct Builder {
    types: Vec<u8>,
    strings: Vec<u8>,
    count: u32,
}

pub(crate) const INT: u32 = 1;
pub(crate) const POINTER: u32 = 2;
pub(crate) const ARRAY: u32 = 3;
pub(crate) const STRUCT: u32 = 4;
pub(crate) const UNION: u32 = 5;
pub(crate) const ENUM: u32 = 6;
pub(crate) const TYPEDEF: u32 = 8;
pub(crate) const FLOAT: u32 = 16;
pub(crate) const TAG: u32 = 17;
pub(crate) const ENUM64: u32 = 19;

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            strings: vec![0],
            ..Self::default()
        }
    }

    pub(crate) fn name(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return 0;
        }
        let at = u32::try_from(self.strings.len()).expect("few strings");
        self.strings.extend_from_slice(name.as_bytes());
        self.strings.push(0);
        at
    }

    /// Adds a type: its kind, number of members and flag, size (or type), and what follows.
    pub(crate) fn add(
        &mut self,
        name: &str,
        kind: u32,
        (count, flag): (usize, bool),
        size: u32,
        words: &[u32],
    ) -> TypeId {
        let count = u32::try_from(count).expect("few members");
        let name = self.name(name);
        let info = (kind << 24) | (u32::from(flag) << 31) | count;
        for word in [name, info, size].iter().chain(words) {
            self.types.extend_from_slice(&word.to_ne_bytes());
        }
        self.count += 1;
        self.count
    }

    pub(crate) fn int(&mut self, name: &str, bytes: u32, signed: bool) -> TypeId {
        let flags = u32::from(signed) << 24;
        self.add(name, INT, (0, false), bytes, &[flags | (bytes * 8)])
    }

    pub(crate) fn array(&mut self, element: TypeId, count: u32) -> TypeId {
        self.add("", ARRAY, (0, false), 0, &[element, element, count])
    }

    /// A struct with members: name, type, first bit.
    pub(crate) fn record(
        &mut self,
        name: &str,
        bytes: u32,
        members: &[(&str, TypeId, u32)],
    ) -> TypeId {
        let mut words = Vec::new();
        for (name, of, bit) in members {
            words.extend([self.name(name), *of, *bit]);
        }
        self.add(name, STRUCT, (members.len(), false), bytes, &words)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let types = u32::try_from(self.types.len()).expect("few types");
        let strings = u32::try_from(self.strings.len()).expect("few strings");
        let mut bytes = 0xEB9F_u16.to_ne_bytes().to_vec();
        bytes.extend([1, 0]);
        for word in [24, 0, types, types, strings] {
            bytes.extend_from_slice(&word.to_ne_bytes());
        }
        [bytes, self.types.clone(), self.strings.clone()].concat()
    }

    pub(crate) fn build(&self) -> Btf {
        Btf::parse(&self.bytes()).expect("this is BTF")
    }
}

/// Types are found by their names as C has them.
#[test]
fn names() {
    let mut builder = Builder::new();
    let int = builder.int("int", 4, true);
    let event = builder.record("event", 8, &[("pid", int, 0)]);
    let alias = builder.add("event_t", TYPEDEF, (0, false), event, &[]);
    let btf = builder.build();
    assert_eq!(btf.find("struct event"), Some(event));
    assert_eq!(btf.find("event"), Some(event));
    assert_eq!(btf.find("event_t"), Some(alias));
    assert_eq!(btf.find("struct event_t"), None);
    assert_eq!(btf.find(""), None);
    assert_eq!(btf.type_name(alias), "event_t");
    assert_eq!(btf.size_of(alias), 8);
}

/// Typedefs that go in circles come to an end.
#[test]
fn circles() {
    let mut builder = Builder::new();
    let this = builder.add("round", TYPEDEF, (0, false), 1, &[]);
    let array = builder.array(2, 10);
    let btf = builder.build();
    assert_eq!(btf.resolve(this), 0);
    assert_eq!((btf.size_of(this), btf.size_of(array)), (0, 0));
    assert_eq!(btf.type_name(this), "round");
}

/// Types that are not there are all the same: nothing.
#[test]
fn dangling() {
    let mut builder = Builder::new();
    let members = [("a", 77, 0), ("b", 78, 0), ("c", 79, 0)];
    let event = builder.record("event", 8, &members);
    let alias = builder.add("nowhere", TYPEDEF, (0, false), 99, &[]);
    let btf = builder.build();
    assert_eq!((btf.resolve(77), btf.resolve(alias)), (0, 0));
    assert_eq!(Layout::new(&btf, event).len(), 2);
}

/// What is damaged is refused.
#[test]
fn damaged() {
    let mut builder = Builder::new();
    builder.record("event", 8, &[("pid", 0, 0)]);
    let bytes = builder.bytes();
    for end in 0..bytes.len() {
        assert_eq!(Btf::parse(&bytes[..end]).err(), Some(BtfError::Short));
    }
    let swapped = [&[0xEB, 0x9F][..], &bytes[2..]].concat();
    assert_eq!(Btf::parse(&swapped).err(), Some(BtfError::ByteOrder));
    builder.add("", 31, (0, false), 0, &[]);
    assert_eq!(Btf::parse(&builder.bytes()).err(), Some(BtfError::Kind(31)));
}

/// Types that refer to each other at random, with sizes and counts at random.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let one = (
        1..20u32,
        0..4usize,
        any::<bool>(),
        0..40u32,
        any::<[u32; 12]>(),
    );
    proptest::collection::vec(one, 1..30).prop_map(|types| {
        let mut builder = Builder::new();
        for name in ["char", "a", "a_size", "a_len", "a_count"] {
            builder.name(name);
        }
        let all = u32::try_from(types.len()).expect("few types");
        for (kind, count, flag, size, random) in types {
            let mut words = random;
            // Types' numbers mostly exist; names and offsets are mostly small.
            for (index, word) in words.iter_mut().enumerate() {
                *word %= match index % 3 {
                    0 => 22,
                    1 => all + 2,
                    _ => u32::MAX,
                };
            }
            let length = match kind {
                1 | 14 | 17 => 1,
                3 => 3,
                4 | 5 | 15 | 19 => 3 * count,
                6 | 13 => 2 * count,
                _ => 0,
            };
            let name = if size % 2 == 0 { "char" } else { "" };
            builder.add(name, kind, (count, flag), size, &words[..length]);
        }
        builder.bytes()
    })
}

proptest! {
    /// Any bytes are read or refused.
    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        let with_magic = [&0xEB9F_u16.to_ne_bytes()[..], &bytes].concat();
        let _ = (Btf::parse(&bytes), Btf::parse(&with_magic));
    }

    /// Any types that can be read decode any record, within limits.
    #[test]
    fn any_types(bytes in hostile(), record in proptest::collection::vec(any::<u8>(), 0..200)) {
        let Ok(btf) = Btf::parse(&bytes) else {
            return Ok(());
        };
        for (id, _) in btf.all() {
            let layout = Layout::new(&btf, id);
            prop_assert!(layout.len() <= btf.all().count());
            let schema = crate::object::schema::Schema::of_event("map", &layout);
            prop_assert!(schema.columns.len() <= 512);
            let mut shown = 0;
            count(&layout.decode(&record), &mut shown);
            prop_assert!(shown <= 1 << 17);
        }
    }
}

fn count(value: &crate::Value<'_>, so_far: &mut usize) {
    *so_far += 1;
    match value {
        crate::Value::Array(values) => values.iter().for_each(|value| count(value, so_far)),
        crate::Value::Record(fields) => {
            fields.iter().for_each(|(_, value)| count(value, so_far));
        }
        _ => {}
    }
}
