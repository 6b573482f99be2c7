//! Maps, shown at the end or every so often.

use std::collections::BTreeMap;

use anyhow::Context as _;
use anyhow::bail;
use bpfrun::Attached;
use bpfrun::Buckets;
use bpfrun::Entries;
use bpfrun::Entry;
use bpfrun::Map;
use bpfrun::MapKind;
use bpfrun::Value;

use crate::cli::args::Args;
use crate::cli::clock::time_of_day;
use crate::cli::clock::timestamp;
use crate::cli::histogram;
use crate::cli::output::Form;
use crate::cli::output::Output;
use crate::cli::output::json;
use crate::cli::output::show;
use crate::cli::output::table::Table;
use crate::cli::symbols::Symbols;

/// A histogram has no more buckets than this; keys beyond it are left out.
const MAX_BUCKETS: usize = 4096;

/// Shows the maps that the user wants to see.
#[derive(Debug)]
pub struct Report {
    wanted: Vec<String>,
    unit: String,
    clear: bool,
    interval: bool,
}

impl Report {
    /// Chooses maps: those that are named; else histograms, and in a program without events all.
    pub fn new(args: &Args, running: &mut Attached) -> anyhow::Result<Self> {
        for (names, buckets) in [(&args.log2, Buckets::Log2), (&args.linear, Buckets::Linear)] {
            for name in names {
                find(running, name)?.set_histogram(buckets);
            }
        }
        for name in args.maps.iter().filter(|name| *name != "all") {
            find(running, name)?;
        }
        let no_events = running.schemas().is_empty();
        let all = args.maps.iter().any(|name| name == "all") || (args.maps.is_empty() && no_events);
        let wanted = |map: &&Map| {
            let named = args.maps.iter().any(|name| name == map.name());
            readable(map) && (all || named || (args.maps.is_empty() && is_histogram(map)))
        };
        let wanted = running.maps().iter().filter(wanted);
        Ok(Self {
            wanted: wanted.map(|map| map.name().to_owned()).collect(),
            unit: args.unit.clone(),
            clear: args.clear,
            interval: args.interval.is_some(),
        })
    }

    /// Appends what the maps hold now, and clears them if that is wanted.
    pub fn show(&self, running: &Attached, output: &mut Output) -> anyhow::Result<()> {
        let (form, out) = output.parts();
        if self.interval && matches!(form, Form::Text(_)) && !self.wanted.is_empty() {
            out.extend_from_slice(format!("\n{}\n", time_of_day()).as_bytes());
        }
        for map in self.wanted.iter().filter_map(|name| running.map(name)) {
            self.show_one(map, form, out)?;
            if self.clear {
                map.clear()?;
            }
        }
        Ok(())
    }

    fn show_one(&self, map: &Map, form: &Form, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let entries = map.entries()?;
        let histograms = buckets(map).map(|kind| (kind, histograms(map, &entries)));
        match (form, histograms) {
            (Form::Text(_), Some((kind, found))) => self.bars(map, kind, &found, out),
            (Form::Text(_), None) => table(map, &entries, out),
            (Form::Json, Some((kind, found))) => json_histograms(map, kind, &found, out),
            (Form::Json, None) => json_entries(map, &entries, out),
            (Form::Csv(csv), _) if csv.takes_entries() => {
                let now = timestamp();
                for (key, value) in shown(&entries) {
                    csv.entry(out, &now, map.name(), &key, &value);
                }
            }
            (Form::Csv(_), _) => {}
        }
        Ok(())
    }

    fn bars(&self, map: &Map, kind: Buckets, found: &Histograms, out: &mut Vec<u8>) {
        for (of, counts) in found {
            if counts.iter().all(|count| *count == 0) {
                continue;
            }
            out.push(b'\n');
            out.extend_from_slice(map.name().as_bytes());
            if !of.is_empty() {
                out.extend_from_slice(b": ");
                out.extend_from_slice(&of.text);
            }
            out.push(b'\n');
            histogram::write(out, kind, &self.unit, counts);
        }
    }
}

fn find<'r>(running: &'r mut Attached, name: &str) -> anyhow::Result<&'r mut Map> {
    let names: Vec<_> = running
        .maps()
        .iter()
        .map(|map| map.name().to_owned())
        .collect();
    let maps = running.maps_mut().iter_mut();
    let map = maps
        .into_iter()
        .find(|map| map.name() == name)
        .with_context(|| format!("the program has no map {name}; it has {}", names.join(", ")))?;
    match map.kind() {
        MapKind::Output => bail!("the map {name} is for output and has no entries"),
        MapKind::Other => bail!(
            "the map {name} cannot be shown: the kernel lists no entries of its kind for others; count in a \
             hash or an array beside it, or send events"
        ),
        MapKind::Hash | MapKind::Array | MapKind::Stacks => Ok(map),
    }
}

fn readable(map: &Map) -> bool {
    matches!(map.kind(), MapKind::Hash | MapKind::Array | MapKind::Stacks)
}

fn is_histogram(map: &Map) -> bool {
    buckets(map).is_some()
}

/// What its buckets stand for: as it is declared; and a struct with `slots` is one of libbpf's
/// tools'.
fn buckets(map: &Map) -> Option<Buckets> {
    map.histogram().or_else(|| {
        let slots = map.value_fields().any(|name| name == "slots");
        slots.then_some(Buckets::Log2)
    })
}

/// The counts of a map's buckets, by what is counted apart.
type Histograms = BTreeMap<Group, Vec<u64>>;

/// What stands in a key beside the bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Group {
    text: Vec<u8>,
    json: Vec<u8>,
}

impl Group {
    fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn of(value: &Value<'_>) -> Self {
        let mut group = Self::default();
        show::cell(&mut group.text, value);
        json::value(&mut group.json, value);
        group
    }
}

/// Of a plain key the bucket is the key, of a struct its last field. Of libbpf's `struct hist` the
/// buckets are in the value.
fn histograms(map: &Map, entries: &Entries<'_>) -> Histograms {
    let mut found = Histograms::new();
    for entry in entries.iter() {
        if let Some(slots) = entry.values.first().and_then(|value| value.get("slots")) {
            let alone = map.kind() == MapKind::Array && entries.len() == 1;
            let group = if alone {
                Group::default()
            } else {
                Group::of(&entry.key)
            };
            found.insert(group, slots_of(slots));
            continue;
        }
        let (group, bucket) = split_key(&entry.key);
        let count = entry.total().and_then(|value| value.as_u64());
        let (Some(bucket), Some(count)) = (bucket, count) else {
            continue;
        };
        let counts = found.entry(group).or_default();
        if bucket < MAX_BUCKETS && count > 0 {
            counts.resize(counts.len().max(bucket + 1), 0);
            counts[bucket] = count;
        }
    }
    found
}

/// libbpf's tools count 0 and 1 in slot 0, BCC's in slot 1.
fn slots_of(slots: &Value<'_>) -> Vec<u64> {
    let Value::Array(slots) = slots else {
        return Vec::new();
    };
    let counts = slots.iter().map(|slot| slot.as_u64().unwrap_or(0));
    std::iter::once(0).chain(counts).collect()
}

fn split_key(key: &Value<'_>) -> (Group, Option<usize>) {
    let number = |value: &Value<'_>| value.as_u64().and_then(|n| usize::try_from(n).ok());
    match key {
        Value::Record(fields) => match fields.split_last() {
            Some(((_, slot), [(_, only)])) => (Group::of(only), number(slot)),
            Some(((_, slot), others)) => (Group::of(&Value::Record(others.to_vec())), number(slot)),
            None => (Group::default(), None),
        },
        plain => (Group::default(), number(plain)),
    }
}

/// Entries as a table, the largest values first. Nothing for a map without any.
fn table(map: &Map, entries: &Entries<'_>, out: &mut Vec<u8>) {
    let mut all: Vec<Entry<'_>> = entries.iter().collect();
    if map.kind() == MapKind::Array {
        all.retain(|entry| !is_zero(entry));
    }
    let Some(first) = all.first() else {
        return;
    };
    out.push(b'\n');
    out.extend_from_slice(map.name().as_bytes());
    out.push(b'\n');
    let mut table = Table::new(columns(first));
    sort(&mut all);
    let symbols = (map.kind() == MapKind::Stacks).then(Symbols::read);
    if let Some(symbols) = symbols {
        return all.iter().for_each(|entry| stack(entry, &symbols, out));
    }
    let totals: Vec<Value<'_>> = all.iter().map(value_of).collect();
    let rows = || {
        all.iter()
            .zip(&totals)
            .map(|(entry, total)| cells(entry, total))
    };
    rows().for_each(|cells| table.fit(cells.into_iter()));
    table.header(out);
    rows().for_each(|cells| table.row(out, cells.into_iter()));
}

fn columns(entry: &Entry<'_>) -> Vec<(String, bool, usize)> {
    let total = value_of(entry);
    let mut names = Vec::new();
    show::leaf_names("key", &entry.key, &mut names);
    // The fields of a struct go by their own names, and a plain key has none.
    for name in &mut names {
        *name = name.trim_start_matches("key.").to_owned();
    }
    show::leaf_names("", &total, &mut names);
    let numbers = cells(entry, &total);
    let numbers = numbers.iter().map(|value| value.as_i64().is_some());
    let columns = names.into_iter().zip(numbers);
    columns.map(|(name, number)| (name, number, 0)).collect()
}

fn cells<'v, 'a>(entry: &'v Entry<'a>, total: &'v Value<'a>) -> Vec<&'v Value<'a>> {
    let mut cells = Vec::new();
    show::leaves(&entry.key, &mut |value| cells.push(value));
    show::leaves(total, &mut |value| cells.push(value));
    cells
}

/// The sum over all CPUs where that makes sense, else the values of all.
fn value_of<'a>(entry: &Entry<'a>) -> Value<'a> {
    entry
        .total()
        .unwrap_or_else(|| Value::Array(entry.values.clone()))
}

fn is_zero(entry: &Entry<'_>) -> bool {
    entry.values.iter().all(is_nothing)
}

fn is_nothing(value: &Value<'_>) -> bool {
    match value {
        Value::Record(fields) => fields.iter().all(|(_, value)| is_nothing(value)),
        Value::Array(values) => values.iter().all(is_nothing),
        Value::Text(bytes) | Value::Texts(bytes) => bytes.is_empty(),
        Value::Bytes(bytes) => bytes.iter().all(|byte| *byte == 0),
        number => number.as_i64() == Some(0) || *number == Value::Absent,
    }
}

/// By value, the largest first; what has no order stays as it was.
fn sort(entries: &mut [Entry<'_>]) {
    let rank = |entry: &Entry<'_>| {
        let total = entry.total();
        let total = total.as_ref();
        total.and_then(|value| value.as_u64().or_else(|| first_number(value)))
    };
    entries.sort_by_key(|entry| std::cmp::Reverse(rank(entry)));
}

fn first_number(value: &Value<'_>) -> Option<u64> {
    let mut found = None;
    show::leaves(value, &mut |leaf| found = found.or_else(|| leaf.as_u64()));
    found
}

/// A stack, one function a line.
fn stack(entry: &Entry<'_>, symbols: &Symbols, out: &mut Vec<u8>) {
    show::cell(out, &entry.key);
    out.extend_from_slice(b":\n");
    let Some(Value::Array(addresses)) = entry.values.first() else {
        return;
    };
    for address in addresses {
        out.extend_from_slice(b"    ");
        match address.as_u64().and_then(|address| symbols.name(address)) {
            Some(name) => out.extend_from_slice(name.as_bytes()),
            None => show::cell(out, address),
        }
        out.push(b'\n');
    }
}

fn json_entries(map: &Map, entries: &Entries<'_>, out: &mut Vec<u8>) {
    let now = timestamp();
    let mut all: Vec<Entry<'_>> = entries.iter().collect();
    sort(&mut all);
    for entry in &all {
        json::line(out, "entry", &now, |object| {
            object.text("map", map.name());
            object.value("key", &entry.key);
            object.value("value", &entry.total().unwrap_or(Value::Absent));
            if map.per_cpu() {
                object.value("cpus", &Value::Array(entry.values.clone()));
            }
        });
    }
}

fn json_histograms(map: &Map, kind: Buckets, found: &Histograms, out: &mut Vec<u8>) {
    let now = timestamp();
    for (group, counts) in found {
        let bucket = |(bucket, count): (usize, &u64)| {
            let (low, high) = histogram::bounds(kind, bucket);
            Value::Record(vec![
                ("low", Value::Uint(low)),
                ("high", Value::Uint(high)),
                ("count", Value::Uint(*count)),
            ])
        };
        let counted = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let buckets = Value::Array(counted.map(bucket).collect());
        json::line(out, "histogram", &now, |object| {
            object.text("map", map.name());
            object.raw(
                "key",
                if group.is_empty() {
                    b"null"
                } else {
                    &group.json
                },
            );
            object.value("buckets", &buckets);
        });
    }
}

/// Entries as text, the largest values first.
fn shown(entries: &Entries<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all: Vec<Entry<'_>> = entries.iter().collect();
    sort(&mut all);
    let text = |value: &Value<'_>| {
        let mut out = Vec::new();
        show::cell(&mut out, value);
        out
    };
    let pair = |entry: &Entry<'_>| (text(&entry.key), text(&value_of(entry)));
    all.iter().map(pair).collect()
}
