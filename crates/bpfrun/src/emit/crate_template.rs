//! From a program to a crate that runs it: the beginning of a tool of one's own.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::path::PathBuf;

use crate::emit::source_bundle::BPF_SRC_DIR;
use crate::emit::source_bundle::SourceBundle;
use crate::object::object_info::DeclaredMap;
use crate::object::object_info::ObjectInfo;
use crate::object::type_layout::Field;
use crate::object::type_layout::Layout;
use crate::object::type_layout::MAX_DEPTH;
use crate::object::type_layout::TextLength;
use crate::object::type_layout::TypeNode;

const CARGO: &str = include_str!("template/cargo.txt");
const BUILD: &str = include_str!("template/build.txt");

/// Functions that read a record, each there when it is needed.
const READERS: [(&str, &str); 5] = [
    (
        "unsigned",
        "/// A number; 0 where the record is too short.
fn unsigned(record: &[u8], at: usize, bytes: usize) -> u64 {
    let mut word = [0; 8];
    if let Some(there) = record.get(at..at + bytes) {
        word[..bytes].copy_from_slice(there);
    }
    u64::from_le_bytes(word)
}
",
    ),
    (
        "signed",
        "/// A number with a sign.
fn signed(record: &[u8], at: usize, bytes: usize) -> i64 {
    let unused = 64 - 8 * bytes as u32;
    (unsigned(record, at, bytes) << unused) as i64 >> unused
}
",
    ),
    (
        "text",
        "/// Text up to its NUL, with escapes for what no terminal should get.
fn text(record: &[u8], at: usize, bytes: usize) -> String {
    let there = record.get(at..).unwrap_or_default();
    let there = &there[..bytes.min(there.len())];
    let end = there.iter().position(|byte| *byte == 0).unwrap_or(there.len());
    String::from_utf8_lossy(&there[..end]).escape_debug().to_string()
}
",
    ),
    (
        "strings",
        "/// Several strings, each ended by a NUL.
fn strings(record: &[u8], at: usize, bytes: usize) -> String {
    let there = record.get(at..).unwrap_or_default();
    let there = &there[..bytes.min(there.len())];
    let there = there.strip_suffix(&[0]).unwrap_or(there);
    let words = there.split(|byte| *byte == 0);
    let words: Vec<_> = words.map(|word| String::from_utf8_lossy(word).escape_debug().to_string()).collect();
    words.join(\" \")
}
",
    ),
    (
        "hex",
        "/// Bytes.
fn hex(record: &[u8], at: usize, bytes: usize) -> String {
    let there = record.get(at..).unwrap_or_default();
    there.iter().take(bytes).map(|byte| format!(\"{byte:02x}\")).collect()
}
",
    ),
];

/// How the crate uses a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MapRole {
    Ring,
    Perf,
    Entries,
}

/// The files of a crate.
pub(crate) fn files(
    name: &str,
    carried: SourceBundle,
    declared: &ObjectInfo,
    uses: &[(String, MapRole)],
) -> Vec<(PathBuf, String)> {
    let folder = Path::new(BPF_SRC_DIR);
    let own = [
        ("Cargo.toml", CARGO.replace("NAME", &crate_name(name))),
        ("build.rs", build(&carried)),
        ("src/main.rs", main(name, declared, uses)),
    ];
    let own = own
        .map(|(path, text)| (PathBuf::from(path), text))
        .into_iter();
    let of_c = carried.files.into_iter();
    own.chain(of_c.map(|(path, text)| (folder.join(path), text)))
        .collect()
}

/// What every program is compiled with; newer compilers make errors of the last two, and programs
/// have done that for long.
const ARGUMENTS: [&str; 4] = [
    "-Isrc/bpf",
    "-Wno-unknown-attributes",
    "-Wno-error=int-conversion",
    "-Wno-error=incompatible-pointer-types",
];

/// How the C is compiled, with what was defined for it and where its headers are.
fn build(carried: &SourceBundle) -> String {
    let program = Path::new(BPF_SRC_DIR).join(&carried.program);
    let own = carried.arguments.iter().map(String::as_str);
    let arguments = ARGUMENTS.into_iter().chain(own);
    let arguments: String = arguments.map(|one| format!("        {one:?},\n")).collect();
    let arguments = format!("        &target,\n{arguments}");
    let text = BUILD.replace("        ARGUMENTS\n", &arguments);
    text.replace("PROGRAM", &program.display().to_string())
}

/// A name that cargo takes.
fn crate_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    let name: String = name.chars().map(plain).collect();
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => name,
        _ => format!("bpf-{name}"),
    }
}

fn main(name: &str, declared: &ObjectInfo, uses: &[(String, MapRole)]) -> String {
    let map = |name: &str| declared.map(name);
    let outputs: Vec<_> = uses
        .iter()
        .filter(|(_, of)| *of != MapRole::Entries)
        .collect();
    let mut code = format!(
        "//! {name}: made by bpfrun. It is yours now.\n\n\
         use std::error::Error;\nuse std::mem::MaybeUninit;\nuse std::time::Duration;\n\n"
    );
    imports(&mut code, uses);
    code.push_str(
        "use libbpf_rs::skel::OpenSkel as _;\nuse libbpf_rs::skel::Skel as _;\n\
         use libbpf_rs::skel::SkelBuilder as _;\n\n\
         mod prog {\n    include!(concat!(env!(\"OUT_DIR\"), \"/prog.skel.rs\"));\n}\n\n",
    );
    code.push_str(
        "fn main() -> Result<(), Box<dyn Error>> {\n    \
         let mut place = MaybeUninit::uninit();\n    \
         let open = prog::ProgSkelBuilder::default().open(&mut place)?;\n    \
         let mut program = open.load()?;\n",
    );
    outputs
        .iter()
        .for_each(|(name, of)| open_output(&mut code, name, *of));
    if outputs.iter().any(|(_, of)| *of == MapRole::Ring) {
        code.push_str("    let rings = rings.build()?;\n");
    }
    code.push_str("    program.attach()?;\n");
    if let [(name, _)] = outputs[..] {
        header(&mut code, map(name));
    }
    code.push_str("    loop {\n");
    wait(&mut code, uses);
    code.push_str("    }\n}\n");
    let mut readers = BTreeSet::new();
    for (name, _) in &outputs {
        print_map(&mut code, name, map(name), &mut readers);
    }
    if readers.contains("signed") {
        readers.insert("unsigned");
    }
    for (_, text) in READERS.iter().filter(|(name, _)| readers.contains(name)) {
        let _ = write!(code, "\n{text}");
    }
    code
}

fn imports(code: &mut String, uses: &[(String, MapRole)]) {
    let any = |wanted| uses.iter().any(|(_, of)| *of == wanted);
    for (wanted, import) in [
        (
            any(MapRole::Entries) && !any(MapRole::Ring) && !any(MapRole::Perf),
            "MapCore as _",
        ),
        (any(MapRole::Perf), "PerfBufferBuilder"),
        (any(MapRole::Ring), "RingBufferBuilder"),
    ] {
        if wanted {
            let _ = writeln!(code, "use libbpf_rs::{import};");
        }
    }
}

fn open_output(code: &mut String, name: &str, of: MapRole) {
    let text = match of {
        MapRole::Ring if code.contains("let mut rings") => format!(
            "    rings.add(&program.maps.{name}, |record| {{\n        print_{name}(record);\n        0\n    }})?;\n"
        ),
        MapRole::Ring => format!(
            "    let mut rings = RingBufferBuilder::new();\n    \
             rings.add(&program.maps.{name}, |record| {{\n        print_{name}(record);\n        0\n    }})?;\n"
        ),
        _ => format!(
            "    let {name} = PerfBufferBuilder::new(&program.maps.{name})\n        \
             .sample_cb(|_cpu, record: &[u8]| print_{name}(record))\n        \
             .lost_cb(|cpu, count| eprintln!(\"lost {{count}} events on CPU {{cpu}}\"))\n        \
             .build()?;\n"
        ),
    };
    code.push_str(&text);
}

fn header(code: &mut String, map: Option<&DeclaredMap>) {
    if let Some([layout]) = map.map(|map| &map.events[..]) {
        let cells = cells(layout);
        let titles = cells.iter().map(|cell| format!("\"{}\"", cell.title));
        let titles: Vec<_> = titles.collect();
        let _ = writeln!(
            code,
            "    println!(\"{}\", {});",
            pattern(&cells),
            titles.join(", ")
        );
    }
}

/// What is done over and over.
fn wait(code: &mut String, uses: &[(String, MapRole)]) {
    let mut rings = false;
    let mut outputs = false;
    for (name, of) in uses {
        match of {
            MapRole::Ring if !rings => {
                rings = true;
                code.push_str("        rings.poll(Duration::from_millis(100))?;\n");
            }
            MapRole::Perf => {
                let _ = writeln!(code, "        {name}.poll(Duration::from_millis(100))?;");
            }
            _ => {}
        }
        outputs |= *of != MapRole::Entries;
    }
    if outputs {
        return;
    }
    code.push_str("        std::thread::sleep(Duration::from_secs(1));\n");
    for (name, _) in uses {
        let _ = write!(
            code,
            "        for key in program.maps.{name}.keys() {{\n            \
             let value = program.maps.{name}.lookup(&key, libbpf_rs::MapFlags::ANY)?;\n            \
             println!(\"{name} {{key:02x?}} {{:02x?}}\", value.unwrap_or_default());\n        }}\n"
        );
    }
}

/// A function that prints what comes through a map.
fn print_map(
    code: &mut String,
    name: &str,
    map: Option<&DeclaredMap>,
    readers: &mut BTreeSet<&'static str>,
) {
    let mut layouts: Vec<&Layout> = map.map_or(Vec::new(), |map| map.events.iter().collect());
    layouts.sort_by_key(|layout| layout.bytes);
    let _ = write!(
        code,
        "\n/// Prints a record of the map `{name}`.\nfn print_{name}(record: &[u8]) {{\n"
    );
    if layouts.is_empty() {
        code.push_str("    println!(\"{record:02x?}\");\n");
    }
    let last = layouts.len().saturating_sub(1);
    for (index, layout) in layouts.into_iter().enumerate() {
        if index < last {
            let _ = writeln!(code, "    if record.len() <= {} {{", layout.bytes);
        }
        print_record(code, layout, readers);
        if index < last {
            code.push_str("        return;\n    }\n");
        }
    }
    code.push_str("}\n");
}

fn print_record(code: &mut String, layout: &Layout, readers: &mut BTreeSet<&'static str>) {
    let cells = cells(layout);
    let _ = writeln!(
        code,
        "    // struct {}\n    println!(\n        \"{}\",",
        layout.name,
        pattern(&cells)
    );
    for cell in &cells {
        readers.extend(&cell.readers);
        let _ = writeln!(code, "        {},", cell.value);
    }
    code.push_str("    );\n");
}

/// A field, as the crate shows it.
struct Cell {
    title: String,
    number: bool,
    width: usize,
    value: String,
    readers: Vec<&'static str>,
}

fn pattern(cells: &[Cell]) -> String {
    let last = cells.len().saturating_sub(1);
    let one = |(index, cell): (usize, &Cell)| match cell.number {
        true => format!("{{:>{}}}", cell.width),
        false if index == last => "{}".to_owned(),
        false => format!("{{:<{}}}", cell.width),
    };
    let all: Vec<_> = cells.iter().enumerate().map(one).collect();
    all.join(" ")
}

fn cells(layout: &Layout) -> Vec<Cell> {
    let mut cells = Vec::new();
    add_cells(layout, layout.fields(), ("", 0), 0, &mut cells);
    if cells.is_empty() {
        cells.push(cell(
            "value",
            layout.root(),
            0,
            "record.len()".to_owned(),
            None,
        ));
    }
    cells
}

fn add_cells(
    layout: &Layout,
    fields: &[Field],
    (prefix, base): (&str, u64),
    depth: usize,
    cells: &mut Vec<Cell>,
) {
    for field in fields {
        let title = format!("{prefix}{}", field.name);
        let node = layout.node(field.node);
        let at = base + field.bit_offset / 8;
        match node {
            TypeNode::Record { fields } if !fields.is_empty() && depth < MAX_DEPTH => {
                add_cells(layout, fields, (&format!("{title}."), at), depth + 1, cells);
            }
            _ if field.bits > 0 => cells.push(bit_field(&title, node, field, base)),
            _ => {
                let used = used(layout, fields, field, base);
                cells.push(cell(&title, node, at, size(node), used));
            }
        }
    }
}

fn size(node: &TypeNode) -> String {
    match node {
        TypeNode::Text { bytes } | TypeNode::Bytes { bytes } => bytes.to_string(),
        TypeNode::Array { count, stride, .. } => (u64::from(*count) * stride).to_string(),
        _ => "0".to_owned(),
    }
}

/// Of several strings in one array: how many bytes, as another field says.
fn used(layout: &Layout, fields: &[Field], field: &Field, base: u64) -> Option<String> {
    let number = |at: usize| {
        let other = fields.get(at)?;
        let TypeNode::Int { bytes, .. } = layout.node(other.node) else {
            return None;
        };
        let at = base + other.bit_offset / 8;
        Some(format!("unsigned(record, {at}, {bytes}) as usize"))
    };
    match field.extent {
        TextLength::Size(at) => number(at),
        TextLength::All | TextLength::Count(_) => Some(size(layout.node(field.node))),
        TextLength::FirstNul | TextLength::Length(_) => None,
    }
}

fn bit_field(title: &str, node: &TypeNode, field: &Field, base: u64) -> Cell {
    let bit = base * 8 + field.bit_offset;
    let (at, shift) = (bit / 8, bit % 8);
    let bits = u64::from(field.bits);
    let bytes = (shift + bits).div_ceil(8).min(8);
    let signed = matches!(
        node,
        TypeNode::Int { signed: true, .. } | TypeNode::Enum { signed: true, .. }
    );
    let (value, readers) = match signed {
        // Its own sign's bit is moved up to the number's.
        true => (
            format!(
                "(unsigned(record, {at}, {bytes}) << {}) as i64 >> {}",
                64 - (shift + bits).min(64),
                64 - bits
            ),
            vec!["unsigned"],
        ),
        false => {
            let mask = u64::MAX >> 64u8.saturating_sub(field.bits).min(63);
            let value = format!("unsigned(record, {at}, {bytes}) >> {shift} & {mask:#x}");
            (value, vec!["unsigned"])
        }
    };
    Cell {
        title: title.to_uppercase(),
        number: true,
        width: title.len().max(4),
        value,
        readers,
    }
}

fn cell(title: &str, node: &TypeNode, at: u64, size: String, used: Option<String>) -> Cell {
    let (value, reader, number, width) = match (node, used) {
        (TypeNode::Int { bytes, signed, .. } | TypeNode::Enum { bytes, signed, .. }, _)
            if *bytes <= 8 =>
        {
            let reader = if *signed { "signed" } else { "unsigned" };
            (format!("{reader}(record, {at}, {bytes})"), reader, true, 7)
        }
        (TypeNode::Pointer, _) => {
            let value = format!("format_args!(\"{{:#x}}\", unsigned(record, {at}, 8))");
            (value, "unsigned", false, 18)
        }
        (TypeNode::Text { .. }, Some(used)) => (
            format!("strings(record, {at}, {used})"),
            "strings",
            false,
            16,
        ),
        (TypeNode::Text { .. }, None) => (format!("text(record, {at}, {size})"), "text", false, 16),
        _ => (format!("hex(record, {at}, {size})"), "hex", false, 16),
    };
    let mut readers = vec![reader];
    if value.contains("unsigned(") {
        readers.push("unsigned");
    }
    Cell {
        title: title.to_uppercase(),
        number,
        width: title.len().max(width),
        value,
        readers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of files become names of crates.
    #[test]
    fn names() {
        assert_eq!(crate_name("exec.bpf"), "exec_bpf");
        assert_eq!(crate_name("2nd try"), "bpf-2nd_try");
    }
}
