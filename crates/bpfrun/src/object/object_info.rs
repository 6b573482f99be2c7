//! What an object says of itself in its BTF: its maps, and the types of their events.

use object::Object as _;
use object::ObjectSection as _;
use object::ObjectSymbol as _;

use crate::compile_options::EventType;
use crate::object::btf::Btf;
use crate::object::btf::BtfError;
use crate::object::btf::Type;
use crate::object::btf::TypeId;
use crate::object::type_layout::Layout;

/// The largest object that is looked at. The largest that people build have a few megabytes.
const MAX_OBJECT: usize = 64 << 20;

/// Sections and names that `compile` writes.
const EVENTS: &str = ".bpfrun.events";
const MAPS: &str = ".bpfrun.maps";
const EVENT: &str = "__bpfrun_event";
const HISTOGRAM: &str = "__bpfrun_histogram_";
const COUNTERS: &str = "__bpfrun_counters_";

/// inspektor-gadget's way to name an output map's type: `gadget_tracer_NAME___MAP___TYPE`.
const GADGET: &str = "gadget_tracer_";

/// Why an object's bytes cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// Not an ELF file of BPF code.
    #[error("this is not a BPF object file: {0}")]
    NotBpf(String),
    /// Too large to be looked at.
    #[error("this object file has {0} bytes; more than {MAX_OBJECT} are not read")]
    TooLarge(usize),
    /// The types are damaged.
    #[error("the types in this object file (its .BTF section) cannot be read: {0}")]
    Btf(String),
    /// There are no types, without which libbpf knows no maps either.
    #[error("this object file has no types (no .BTF section): compile it with clang -g")]
    NoBtf,
    /// An option names a map that the object does not have.
    #[error("events of type {c_type}: the program has no map {map}; it has {there}")]
    NoMap {
        /// The map.
        map: String,
        /// The type.
        c_type: String,
        /// Those that there are, as words.
        there: String,
    },
    /// An option names a type that the object does not have.
    #[error(
        "events of {map}: the program has no type {c_type} (clang leaves out types that no map, \
         function or global variable uses)"
    )]
    NoType {
        /// The map.
        map: String,
        /// The type.
        c_type: String,
    },
}

impl From<BtfError> for ObjectError {
    fn from(error: BtfError) -> Self {
        Self::Btf(error.to_string())
    }
}

/// What is declared.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectInfo {
    pub(crate) maps: Vec<DeclaredMap>,
    /// Functions that stand in program arrays, for others to call.
    pub(crate) tail_callees: Vec<String>,
}

/// A map's types.
#[derive(Debug, Clone)]
pub(crate) struct DeclaredMap {
    pub(crate) name: String,
    pub(crate) key: Option<Layout>,
    pub(crate) value: Option<Layout>,
    /// The types of what comes through it, when it is for output.
    pub(crate) events: Vec<Layout>,
    pub(crate) histogram: Option<Buckets>,
    /// It holds the CPUs' counters, and is not for output though it is of the same type.
    pub(crate) counters: bool,
}

/// What the buckets of a histogram stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buckets {
    /// Powers of two, as BCC counts them: bucket n holds values of n bits.
    Log2,
    /// The numbers themselves.
    Linear,
}

impl ObjectInfo {
    /// Reads an object. `chosen` are event types that override what the object says.
    pub(crate) fn read(object: &[u8], chosen: &[EventType]) -> Result<Self, ObjectError> {
        let file = elf(object)?;
        let btf = Btf::parse(btf_section(&file)?)?;
        let markers = Markers::read(&btf);
        let maps = btf.section(".maps").into_iter();
        let maps = maps.map(|(name, id)| {
            let (key, value) = key_and_value(&btf, id);
            let events = event_types(&btf, &markers, &name, chosen, value)?;
            let marked = markers.histograms.contains(&name);
            let counters = markers.counters.contains(&name);
            Ok(DeclaredMap {
                histogram: marked.then_some(Buckets::Log2),
                key: key.map(|id| Layout::new(&btf, id)),
                value: value.map(|id| Layout::new(&btf, id)),
                events: events.into_iter().map(|id| Layout::new(&btf, id)).collect(),
                counters,
                name,
            })
        });
        let maps = maps.collect::<Result<Vec<_>, ObjectError>>()?;
        chosen.iter().try_for_each(|event| has_map(&maps, event))?;
        let tail_callees = functions_in_maps(&file);
        Ok(Self { maps, tail_callees })
    }

    pub(crate) fn map(&self, name: &str) -> Option<&DeclaredMap> {
        self.maps.iter().find(|map| map.name == name)
    }
}

/// Whether there is the map that an option names.
fn has_map(maps: &[DeclaredMap], event: &EventType) -> Result<(), ObjectError> {
    let names: Vec<_> = maps.iter().map(|map| map.name.as_str()).collect();
    if names.contains(&event.map.as_str()) {
        return Ok(());
    }
    Err(ObjectError::NoMap {
        map: event.map.clone(),
        c_type: event.c_type.clone(),
        there: match names.is_empty() {
            true => "none".to_owned(),
            false => names.join(", "),
        },
    })
}

fn elf(object: &[u8]) -> Result<object::File<'_>, ObjectError> {
    if object.len() > MAX_OBJECT {
        return Err(ObjectError::TooLarge(object.len()));
    }
    let file = object::File::parse(object).map_err(|error| not_bpf(&error))?;
    match file.architecture() {
        object::Architecture::Bpf => Ok(file),
        _ => Err(not_bpf(
            &"it is an ELF file, but not one for the BPF machine",
        )),
    }
}

fn not_bpf(why: &dyn std::fmt::Display) -> ObjectError {
    ObjectError::NotBpf(why.to_string())
}

fn btf_section<'d>(file: &object::File<'d>) -> Result<&'d [u8], ObjectError> {
    let section = file.section_by_name(".BTF").ok_or(ObjectError::NoBtf)?;
    section.data().map_err(|error| not_bpf(&error))
}

/// The functions that the maps' initial values name.
fn functions_in_maps(file: &object::File<'_>) -> Vec<String> {
    let section = file.section_by_name(".maps");
    let relocations = section.iter().flat_map(|section| section.relocations());
    let symbols = relocations.filter_map(|(_, relocation)| match relocation.target() {
        object::RelocationTarget::Symbol(index) => file.symbol_by_index(index).ok(),
        _ => None,
    });
    let functions = symbols.filter(|symbol| symbol.kind() == object::SymbolKind::Text);
    functions
        .filter_map(|symbol| Some(symbol.name().ok()?.to_owned()))
        .collect()
}

/// The types behind `__type(key, ...)` and `__type(value, ...)`: members that are pointers to them.
fn key_and_value(btf: &Btf, map: TypeId) -> (Option<TypeId>, Option<TypeId>) {
    let Type::Record(record) = btf.get(btf.resolve(map)) else {
        return (None, None);
    };
    let member = |name: &[u8]| {
        let found = record.members.iter().find(|m| btf.bytes(m.name) == name)?;
        btf.pointee(found.of)
    };
    (member(b"key"), member(b"value"))
}

/// The types of the events that come through a map: those that an option names; else those that
/// `compile` found; else that of inspektor-gadget's marker; else the map's own value type.
fn event_types(
    btf: &Btf,
    markers: &Markers,
    map: &str,
    chosen: &[EventType],
    value: Option<TypeId>,
) -> Result<Vec<TypeId>, ObjectError> {
    let chosen: Vec<_> = chosen.iter().filter(|event| event.map == map).collect();
    if !chosen.is_empty() {
        return chosen.into_iter().map(|event| named(btf, event)).collect();
    }
    let marked: Vec<TypeId> = [&markers.events, &markers.gadgets]
        .into_iter()
        .map(|markers| markers.iter().filter(|(of, _)| of == map))
        .map(|markers| markers.map(|(_, id)| *id).collect())
        .find(|types: &Vec<TypeId>| !types.is_empty())
        .unwrap_or_default();
    if !marked.is_empty() {
        return Ok(marked);
    }
    let is_record = |id: &TypeId| matches!(btf.get(btf.resolve(*id)), Type::Record(_));
    Ok(value.filter(is_record).into_iter().collect())
}

fn named(btf: &Btf, event: &EventType) -> Result<TypeId, ObjectError> {
    btf.find(&event.c_type).ok_or_else(|| ObjectError::NoType {
        map: event.map.clone(),
        c_type: event.c_type.clone(),
    })
}

/// What variables' names say of maps.
struct Markers {
    events: Vec<(String, TypeId)>,
    gadgets: Vec<(String, TypeId)>,
    histograms: Vec<String>,
    counters: Vec<String>,
}

impl Markers {
    fn read(btf: &Btf) -> Self {
        let events = btf.section(EVENTS).into_iter();
        let maps = btf.section(MAPS);
        let marked = |mark: &str| {
            let names = maps.iter().filter_map(|(name, _)| name.strip_prefix(mark));
            names.map(str::to_owned).collect()
        };
        let all = btf.all().filter_map(|(id, _)| btf.variable(id));
        Self {
            events: events
                .filter_map(|(name, id)| Some((event_map(&name)?.to_owned(), btf.pointee(id)?)))
                .collect(),
            gadgets: all
                .filter_map(|(name, _)| {
                    let (map, c_type) = gadget_map(&name)?;
                    Some((map.to_owned(), btf.find(c_type)?))
                })
                .collect(),
            histograms: marked(HISTOGRAM),
            counters: marked(COUNTERS),
        }
    }
}

/// The map in `__bpfrun_event0_MAP`; of a type inside a function, clang writes `FUNCTION.` before
/// it.
fn event_map(name: &str) -> Option<&str> {
    let own = name.rsplit('.').next()?;
    let numbered = own.strip_prefix(EVENT)?;
    let map = numbered.trim_start_matches(|c: char| c.is_ascii_digit());
    map.strip_prefix('_')
}

/// The map and the type in `gadget_tracer_NAME___MAP___TYPE`.
fn gadget_map(name: &str) -> Option<(&str, &str)> {
    let mut parts = name.strip_prefix(GADGET)?.split("___");
    let (_name, map, c_type) = (parts.next()?, parts.next()?, parts.next()?);
    Some((map, c_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The map's name is what comes after the number, whatever it looks like.
    #[test]
    fn markers() {
        assert_eq!(event_map("__bpfrun_event0_events"), Some("events"));
        assert_eq!(event_map("__bpfrun_event12_2nd_map"), Some("2nd_map"));
        assert_eq!(
            event_map("on_exec.__bpfrun_event100_events"),
            Some("events")
        );
        assert_eq!(event_map("__bpfrun_event12"), None);
        assert_eq!(
            gadget_map("gadget_tracer_exec___events___event"),
            Some(("events", "event"))
        );
        assert_eq!(gadget_map("gadget_tracer_exec"), None);
    }

    /// What is no BPF object is refused, with a word on why.
    #[test]
    fn not_an_object() {
        for bytes in [&b""[..], b"\x7fELF", &[0; 4096]] {
            let error = ObjectInfo::read(bytes, &[]).expect_err("not an object");
            assert!(error.to_string().contains("not a BPF object"), "{error}");
        }
    }
}
