//! Maps, read and cleared with the types that the program gave them.

use std::collections::HashSet;

use libbpf_rs::MapCore as _;
use libbpf_rs::MapFlags;
use libbpf_rs::MapHandle;
use libbpf_rs::MapType;

use crate::object::object_info::Buckets;
use crate::object::object_info::DeclaredMap;
use crate::object::type_layout::Layout;
use crate::object::value::Value;

/// A map in the kernel, and what its program says of it.
#[derive(Debug)]
pub struct Map {
    name: String,
    handle: MapHandle,
    key: Layout,
    value: Layout,
    histogram: Option<Buckets>,
    counters: bool,
}

/// What was wrong with reading or changing a map.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} the map {map}: {cause}")]
pub struct MapError {
    what: &'static str,
    map: String,
    cause: libbpf_rs::Error,
}

/// The kind of a map, for those who read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapKind {
    /// Keys that come and go.
    Hash,
    /// Keys from 0 up.
    Array,
    /// Stack traces: keys are their numbers, values addresses.
    Stacks,
    /// Output to user space: read as events, not as entries.
    Output,
    /// Programs, other maps, sockets: nothing to show.
    Other,
}

impl Map {
    pub(crate) fn new(name: String, handle: MapHandle, declared: Option<&DeclaredMap>) -> Self {
        let layout = |of: Option<&Layout>| of.cloned().unwrap_or_else(Layout::unknown);
        Self {
            key: layout(declared.and_then(|map| map.key.as_ref())),
            value: layout(declared.and_then(|map| map.value.as_ref())),
            histogram: declared.and_then(|map| map.histogram),
            counters: declared.is_some_and(|map| map.counters),
            name,
            handle,
        }
    }

    /// Its name in the program.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it can be read.
    pub fn kind(&self) -> MapKind {
        match self.handle.map_type() {
            MapType::Hash
            | MapType::LruHash
            | MapType::PercpuHash
            | MapType::LruPercpuHash
            | MapType::LpmTrie => MapKind::Hash,
            MapType::Array | MapType::PercpuArray => MapKind::Array,
            MapType::StackTrace => MapKind::Stacks,
            MapType::PerfEventArray if self.counters => MapKind::Other,
            MapType::RingBuf | MapType::PerfEventArray => MapKind::Output,
            _ => MapKind::Other,
        }
    }

    /// Whether each CPU has a value of its own.
    pub fn per_cpu(&self) -> bool {
        self.handle.map_type().is_percpu()
    }

    /// Whether it is a histogram, and of what kind: as BCC's dialect declares it.
    pub fn histogram(&self) -> Option<Buckets> {
        self.histogram
    }

    /// Takes it for a histogram.
    pub fn set_histogram(&mut self, buckets: Buckets) {
        self.histogram = Some(buckets);
    }

    /// The names of a value's fields, when it is a struct.
    pub fn value_fields(&self) -> impl Iterator<Item = &str> {
        self.value.fields().iter().map(|field| field.name.as_str())
    }

    /// Reads all entries. The program may change them meanwhile: an entry that is there all the
    /// time is there once, others may be there or not.
    pub fn entries(&self) -> Result<Entries<'_>, MapError> {
        let mut found = HashSet::new();
        let mut entries = Vec::new();
        // If the current key is deleted, the kernel starts again: this must not go on for ever.
        let most = self.handle.max_entries() as usize * 2;
        for key in self.handle.keys().take(most) {
            let cells = self.cells(&key)?;
            if let Some(cells) = cells.filter(|_| found.insert(key.clone())) {
                entries.push(RawEntry { key, cells });
            }
        }
        Ok(Entries { map: self, entries })
    }

    /// The value of one key, which is given as its bytes: `&7u32.to_ne_bytes()`.
    pub fn lookup(&self, key: &[u8]) -> Result<Option<Entries<'_>>, MapError> {
        let cells = self.cells(key)?;
        Ok(cells.map(|cells| Entries {
            map: self,
            entries: vec![RawEntry {
                key: key.to_owned(),
                cells,
            }],
        }))
    }

    /// Deletes all entries of a hash; of an array, sets all values to zero.
    pub fn clear(&self) -> Result<(), MapError> {
        let keys: Vec<_> = {
            let most = self.handle.max_entries() as usize * 2;
            self.handle.keys().take(most).collect()
        };
        keys.iter().try_for_each(|key| self.clear_one(key))
    }

    fn clear_one(&self, key: &[u8]) -> Result<(), MapError> {
        let zeros = || vec![0; self.handle.value_size() as usize];
        let cleared = match (self.kind(), self.per_cpu()) {
            (MapKind::Array, false) => self.handle.update(key, &zeros(), MapFlags::ANY),
            (MapKind::Array, true) => {
                let cpus = self.cells(key)?.map_or(0, |cells| cells.len());
                let zeros = vec![zeros(); cpus];
                self.handle.update_percpu(key, &zeros, MapFlags::ANY)
            }
            _ => self.handle.delete(key),
        };
        match cleared {
            // The program was faster.
            Err(error) if error.kind() == libbpf_rs::ErrorKind::NotFound => Ok(()),
            other => other.map_err(|cause| self.error("clear", cause)),
        }
    }

    /// The addresses of a stack trace, the innermost first; none when it is not there.
    pub fn stack(&self, id: u32) -> Result<Vec<u64>, MapError> {
        let cells = self.cells(&id.to_ne_bytes())?;
        let bytes = cells.and_then(|cells| cells.into_iter().next());
        Ok(addresses(bytes.as_deref().unwrap_or_default()))
    }

    /// The values of a key: one, or one of each CPU.
    fn cells(&self, key: &[u8]) -> Result<Option<Vec<Vec<u8>>>, MapError> {
        let found = match self.per_cpu() {
            true => self.handle.lookup_percpu(key, MapFlags::ANY),
            false => self
                .handle
                .lookup(key, MapFlags::ANY)
                .map(|found| found.map(|value| vec![value])),
        };
        found.map_err(|cause| self.error("read", cause))
    }

    fn error(&self, what: &'static str, cause: libbpf_rs::Error) -> MapError {
        MapError {
            what,
            map: self.name.clone(),
            cause,
        }
    }
}

fn addresses(bytes: &[u8]) -> Vec<u64> {
    bytes
        .chunks_exact(8)
        .filter_map(|chunk| chunk.first_chunk().map(|word| u64::from_ne_bytes(*word)))
        .take_while(|address| *address != 0)
        .collect()
}

/// Entries as they were when they were read.
#[derive(Debug)]
pub struct Entries<'m> {
    map: &'m Map,
    entries: Vec<RawEntry>,
}

#[derive(Debug)]
struct RawEntry {
    key: Vec<u8>,
    cells: Vec<Vec<u8>>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// The key.
    pub key: Value<'a>,
    /// The value; of a per-CPU map, that of each CPU.
    pub values: Vec<Value<'a>>,
}

impl Entries<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        self.entries.iter().map(|entry| Entry {
            key: self.map.key.decode(&entry.key),
            values: entry.cells.iter().map(|cell| self.value(cell)).collect(),
        })
    }

    fn value<'a>(&'a self, cell: &'a [u8]) -> Value<'a> {
        match self.map.kind() {
            MapKind::Stacks => {
                Value::Array(addresses(cell).into_iter().map(Value::Pointer).collect())
            }
            _ => self.map.value.decode(cell),
        }
    }
}

impl<'a> Entry<'a> {
    /// The value when there is one; of a per-CPU map of numbers, their sum.
    pub fn total(&self) -> Option<Value<'a>> {
        match &self.values[..] {
            [] => None,
            [value] => Some(value.clone()),
            several => sum(several),
        }
    }
}

fn sum(values: &[Value<'_>]) -> Option<Value<'static>> {
    if let Some(numbers) = values.iter().map(Value::as_u64).collect::<Option<Vec<_>>>() {
        let sum = numbers.into_iter().fold(0, u64::wrapping_add);
        return Some(Value::Uint(sum));
    }
    let numbers: Option<Vec<i64>> = values.iter().map(Value::as_i64).collect();
    Some(Value::Int(numbers?.into_iter().fold(0, i64::wrapping_add)))
}
