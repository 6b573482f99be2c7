//! A program that runs: its events, its maps, what was lost.

use std::collections::HashMap;
use std::time::Duration;

use execsnoop_host::cpus;
use libbpf_rs::MapCore as _;
use libbpf_rs::MapHandle;
use libbpf_rs::MapType;
use libbpf_rs::Object;
use libbpf_rs::ProgramHandle;
use libbpf_rs::query::ProgInfoIter;

use crate::object::object_info::ObjectInfo;
use crate::object::schema::Schema;
use crate::object::type_layout::Layout;
use crate::object::value::Value;
use crate::runtime::attach::AttachError;
use crate::runtime::attach::AttachFailure;
use crate::runtime::attach::Links;
use crate::runtime::attach::attach_all;
use crate::runtime::loaded::Loaded;
use crate::runtime::map::Map;
use crate::runtime::map::MapKind;
use crate::runtime::streams::Streams;

/// How a program is run.
#[derive(Debug, Clone)]
pub struct AttachOptions {
    /// Pages of each perf buffer on each CPU; a power of two.
    pub perf_pages: usize,
}

impl Default for AttachOptions {
    fn default() -> Self {
        Self { perf_pages: 64 }
    }
}

/// A program whose functions are attached. They stay so until this is dropped.
#[derive(Debug)]
pub struct Attached {
    // Dropped in this order: no more events first.
    links: Links,
    streams: Streams,
    outputs: Vec<Output>,
    maps: Vec<Map>,
    programs: Vec<u32>,
    object: Object,
}

/// A map through which events come.
#[derive(Debug)]
struct Output {
    name: String,
    layouts: Vec<Layout>,
    perf: bool,
    received: u64,
    lost: u64,
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// The map through which it came.
    pub map: &'a str,
    /// What its type is called in C, without `struct`; empty when that is not known.
    pub type_name: &'a str,
    /// The CPU where it was sent, of a perf buffer.
    pub cpu: Option<u32>,
    /// What it says.
    pub value: Value<'a>,
}

impl Event<'_> {
    /// A field, by its name or its path (`key.pid`).
    pub fn get(&self, path: &str) -> Option<&Value<'_>> {
        self.value.get(path)
    }
}

/// What came through an output map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapStats {
    /// The map.
    pub map: String,
    /// Events that were read.
    pub received: u64,
    /// Events that the kernel had no room for. Of a ring buffer the kernel does not tell: there it
    /// is the program that hears of it, and this is 0.
    pub lost: u64,
}

/// Events could not be read any more.
#[derive(Debug, thiserror::Error)]
#[error("cannot read events: {0}")]
pub struct ReadError(#[from] libbpf_rs::Error);

impl Loaded {
    /// Attaches every function to what its section names, and opens the output maps before that.
    ///
    /// # Errors
    ///
    /// If a function cannot be attached, or an output map cannot be read.
    pub fn attach(self) -> Result<Attached, AttachError> {
        self.attach_with(&AttachOptions::default())
    }

    /// The same, with settings.
    ///
    /// # Errors
    ///
    /// As for [`attach`](Self::attach).
    pub fn attach_with(self, options: &AttachOptions) -> Result<Attached, AttachError> {
        Attached::start(self, options)
    }
}

impl Attached {
    pub(crate) fn start(loaded: Loaded, options: &AttachOptions) -> Result<Self, AttachError> {
        let Loaded {
            object,
            declared,
            attach,
            ..
        } = loaded;
        let maps = open_maps(&object, &declared)?;
        let outputs = outputs(&maps, &declared);
        outputs.iter().for_each(warn_indistinguishable);
        let streams = open_streams(&maps, &outputs, options.perf_pages)?;
        let links = attach_all(&object, &attach, &declared.tail_callees)?;
        Ok(Self {
            links,
            streams,
            outputs,
            maps: maps.into_iter().map(|(map, _)| map).collect(),
            programs: program_ids(&object),
            object,
        })
    }

    /// Waits until an event comes, `timeout` is over or a signal arrives, and hands out what there
    /// is. Returns how many events that were.
    pub fn poll(
        &mut self,
        timeout: Duration,
        mut each: impl FnMut(&Event<'_>),
    ) -> Result<u64, ReadError> {
        let timeout = self.follow_cpus(timeout);
        self.streams.fill(timeout)?;
        let mut count = 0;
        let outputs = &mut self.outputs;
        let mut lost = Vec::new();
        self.streams.drain(
            |raw| {
                let Some(output) = outputs.get_mut(raw.map) else {
                    return;
                };
                count += 1;
                output.received += 1;
                let layout = output.layout(raw.bytes.len());
                each(&Event {
                    map: &output.name,
                    type_name: &layout.name,
                    cpu: raw.cpu,
                    value: layout.decode(raw.bytes),
                });
            },
            |map, more| lost.push((map, more)),
        );
        for (map, more) in lost {
            if let Some(output) = self.outputs.get_mut(map) {
                output.lost += more;
            }
        }
        Ok(count)
    }

    /// Gives CPUs a clock that have come online. Returns how long to wait, at most, before the
    /// next look.
    fn follow_cpus(&mut self, timeout: Duration) -> Duration {
        for clocks in &mut self.links.clocks {
            clocks.follow_cpus(&self.object);
        }
        match self.links.clocks.is_empty() {
            true => timeout,
            false => timeout.min(cpus::LOOK_INTERVAL),
        }
    }

    /// Detaches everything. What was sent before can still be read.
    pub fn detach(&mut self) {
        self.links = Links::default();
    }

    /// How many functions (with perf events: on how many CPUs) are attached.
    pub fn attached(&self) -> usize {
        self.links.len()
    }

    /// What events look like: one for each type of each output map.
    pub fn schemas(&self) -> Vec<Schema> {
        let of = |output: &Output| {
            let name = output.name.clone();
            let schemas = output.layouts.iter();
            let schemas = schemas.map(move |layout| Schema::of_event(&name, layout));
            schemas.collect::<Vec<_>>()
        };
        self.outputs.iter().flat_map(of).collect()
    }

    /// What came through each output map so far.
    pub fn flows(&self) -> Vec<MapStats> {
        // The kernel hears of a loss at once, we only when there is room again.
        let told: HashMap<usize, u64> = self.streams.lost().collect();
        let flow = |(number, output): (usize, &Output)| MapStats {
            map: output.name.clone(),
            received: output.received,
            lost: told.get(&number).copied().unwrap_or(0).max(output.lost),
        };
        self.outputs.iter().enumerate().map(flow).collect()
    }

    /// Maps that are known to have lost events, without asking the kernel.
    pub fn lossy_maps(&self) -> impl Iterator<Item = (&str, u64)> {
        let lossy = self.outputs.iter().filter(|output| output.lost > 0);
        lossy.map(|output| (output.name.as_str(), output.lost))
    }

    /// All maps that the program declares, in the order in which it does.
    pub fn maps(&self) -> &[Map] {
        &self.maps
    }

    /// The same, to be changed.
    pub fn maps_mut(&mut self) -> &mut [Map] {
        &mut self.maps
    }

    /// A map by its name.
    pub fn map(&self, name: &str) -> Option<&Map> {
        self.maps.iter().find(|map| map.name() == name)
    }

    /// How often the kernel did not run a function because it ran on that CPU already (kernel 5.12
    /// and later tell).
    pub fn skipped(&self) -> u64 {
        let ours = |id: &u32| self.programs.contains(id);
        ProgInfoIter::default()
            .filter(|info| ours(&info.id))
            .map(|info| info.recursion_misses)
            .sum()
    }
}

impl Output {
    /// The type of a record, by its size. A perf sample is padded to 4 bytes short of a multiple of
    /// 8; a program may send less than the whole struct.
    fn layout(&self, bytes: usize) -> &Layout {
        if let [only] = &self.layouts[..] {
            return only;
        }
        let bytes = bytes as u64;
        let exact = |layout: &&Layout| layout.bytes == bytes;
        let fits =
            |layout: &&Layout| self.perf && layout.bytes > 0 && padded(layout.bytes) == bytes;
        let larger = self.layouts.iter().filter(|layout| layout.bytes >= bytes);
        let largest = || self.layouts.iter().max_by_key(|layout| layout.bytes);
        self.layouts
            .iter()
            .find(exact)
            .or_else(|| self.layouts.iter().find(fits))
            .or_else(|| larger.min_by_key(|layout| layout.bytes))
            .or_else(largest)
            .expect("every output has a layout")
    }
}

/// The padded size of a perf sample: 4 less than a multiple of 8.
fn padded(size: u64) -> u64 {
    size.saturating_add(4).next_multiple_of(8) - 4
}

/// Two types whose samples are of one size, so that a sample does not tell which it is.
fn indistinguishable(layouts: &[Layout]) -> Option<(&Layout, &Layout)> {
    layouts.iter().enumerate().find_map(|(place, one)| {
        let same = |other: &&Layout| padded(other.bytes) == padded(one.bytes);
        Some((one, layouts[place + 1..].iter().find(same)?))
    })
}

/// Says once, at the start, what cannot be told apart.
fn warn_indistinguishable(output: &Output) {
    let Some((one, other)) = indistinguishable(&output.layouts).filter(|_| output.perf) else {
        return;
    };
    let map = &output.name;
    tracing::warn!(
        "{map}: events of {} and {} are of one size and cannot be told apart: name the event type of the map",
        one.name,
        other.name
    );
}

fn open_maps(object: &Object, declared: &ObjectInfo) -> Result<Vec<(Map, MapHandle)>, AttachError> {
    let mut maps = Vec::new();
    for map in object.maps() {
        let name = map.name().to_string_lossy().into_owned();
        // `bpfrun.rodata` and the like hold the program's global variables.
        if name.contains('.') || !map.autocreate() {
            continue;
        }
        let handles = MapHandle::try_from(&map).and_then(|handle| {
            let copy = MapHandle::try_from(&handle)?;
            Ok((handle, copy))
        });
        let (handle, copy) = handles.map_err(|error| map_failure(&name, &error))?;
        let declared = declared.map(&name);
        maps.push((Map::new(name, handle, declared), copy));
    }
    Ok(maps)
}

fn outputs(maps: &[(Map, MapHandle)], declared: &ObjectInfo) -> Vec<Output> {
    maps.iter()
        .filter(|(map, _)| map.kind() == MapKind::Output)
        .map(|(map, handle)| {
            let layouts = declared.map(map.name()).map(|map| map.events.clone());
            let layouts = layouts.filter(|layouts| !layouts.is_empty());
            Output {
                name: map.name().to_owned(),
                layouts: layouts.unwrap_or_else(|| vec![Layout::unknown()]),
                perf: handle.map_type() == MapType::PerfEventArray,
                received: 0,
                lost: 0,
            }
        })
        .collect()
}

fn open_streams(
    maps: &[(Map, MapHandle)],
    outputs: &[Output],
    pages: usize,
) -> Result<Streams, AttachError> {
    let handles: HashMap<&str, &MapHandle> = maps
        .iter()
        .map(|(map, handle)| (map.name(), handle))
        .collect();
    let of_kind = |perf| {
        let numbered = outputs.iter().enumerate();
        let wanted = numbered.filter(move |(_, output)| output.perf == perf);
        wanted.filter_map(|(number, output)| Some((number, *handles.get(output.name.as_str())?)))
    };
    let rings: Vec<_> = of_kind(false).collect();
    let perfs: Vec<_> = of_kind(true).collect();
    Streams::open(&rings, &perfs, pages).map_err(|error| {
        let names: Vec<_> = outputs.iter().map(|output| output.name.as_str()).collect();
        map_failure(&names.join(", "), &error)
    })
}

fn map_failure(name: &str, error: &libbpf_rs::Error) -> AttachError {
    AttachError {
        failures: vec![AttachFailure {
            name: name.to_owned(),
            section: String::new(),
            why: format!("{error:#}"),
            unavailable: false,
            lacks_target: false,
        }],
    }
}

fn program_ids(object: &Object) -> Vec<u32> {
    object
        .progs_mut()
        .filter(|program| program.autoload())
        .filter_map(|program| ProgramHandle::try_from(&program).ok())
        .map(|program| program.id())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_size(bytes: u64) -> Layout {
        let mut layout = Layout::unknown();
        layout.bytes = bytes;
        layout
    }

    #[test]
    fn types_of_one_padded_size_are_alike() {
        let indistinguishable = |sizes: [u64; 3]| {
            indistinguishable(&sizes.map(of_size)).map(|(a, b)| (a.bytes, b.bytes))
        };
        assert_eq!(indistinguishable([4, 8, 12]), Some((8, 12)));
        assert_eq!(indistinguishable([4, 12, 20]), None);
    }
}
