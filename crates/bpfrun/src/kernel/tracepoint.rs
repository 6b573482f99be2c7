//! Tracepoints: the struct of a tracepoint's fields, from its format in tracefs.

use std::collections::HashMap;
use std::path::PathBuf;

use execsnoop_host::tracefs::Tracefs;

/// Where tracefs is usually mounted.
const USUAL_ROOT: &str = "/sys/kernel/tracing";

/// The path of the file that describes a tracepoint, also if tracefs is mounted nowhere.
pub(crate) fn format_file(tracefs: &Tracefs, category: &str, event: &str) -> PathBuf {
    let root = tracefs.mounted_at().unwrap_or(USUAL_ROOT);
    PathBuf::from(format!("{root}/events/{category}/{event}/format"))
}

/// Names like one that does not exist, the likest first: same event elsewhere, then parts of the
/// name.
pub(crate) fn similar(tracefs: &Tracefs, category: &str, event: &str) -> Vec<String> {
    let mut all: Vec<_> = all(tracefs)
        .into_iter()
        .map(|(one, name)| (distance(category, event, &one, &name), one, name))
        .filter(|(distance, _, _)| *distance <= event.len() / 3 + 1)
        .collect();
    all.sort();
    all.truncate(3);
    all.into_iter()
        .map(|(_, category, name)| format!("{category}:{name}"))
        .collect()
}

fn all(tracefs: &Tracefs) -> Vec<(String, String)> {
    let categories = tracefs.directories("events").into_iter();
    categories
        .flat_map(|category| {
            let names = tracefs.directories(format!("events/{category}"));
            names.into_iter().map(move |name| (category.clone(), name))
        })
        .collect()
}

fn distance(category: &str, event: &str, other: &str, name: &str) -> usize {
    edits(event.as_bytes(), name.as_bytes()) + usize::from(category != other)
}

/// How many letters must be changed, added or taken away.
fn edits(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, left) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in other.iter().enumerate() {
            let changed = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

/// A tracepoint's context as a C struct, with BCC's name for it, on one line.
///
/// `constants` are the kernel's enumerators, which formats name as the sizes of arrays.
pub(crate) fn struct_of(
    category: &str,
    event: &str,
    format: &str,
    constants: &HashMap<&[u8], u32>,
) -> String {
    let name = format!("tracepoint__{category}__{event}");
    let mut text = format!("struct {name} {{ u64 __do_not_use__;");
    let mut checks = String::new();
    let mut end = 8; // the common fields, which programs must not read
    for field in format.lines().filter_map(Field::parse) {
        if field.offset < end || field.name.starts_with("common_") {
            continue;
        }
        if field.offset > end {
            text += &format!(" char __pad_{end}[{}];", field.offset - end);
        }
        text += &format!(" {};", field.declaration(constants));
        checks += &format!(
            " _Static_assert(__builtin_offsetof(struct {name}, {}) == {}, \"layout\");",
            field.member(),
            field.offset
        );
        end = field.offset + field.size;
    }
    // Fields after an array of unknown length or with the padding of structs may stand elsewhere.
    format!("{text} }} __attribute__((packed, aligned(8)));{checks}")
}

/// A line of a format.
#[derive(Debug)]
struct Field {
    c_type: String,
    name: String,
    /// What stands between its square brackets.
    length: Option<String>,
    offset: usize,
    size: usize,
    signed: bool,
}

impl Field {
    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.trim().split(';').map(str::trim);
        let declared = parts.next()?.strip_prefix("field:")?;
        let mut number = |key| parts.next()?.strip_prefix(key)?.parse().ok();
        let (offset, size, signed) = (number("offset:")?, number("size:")?, number("signed:"));
        let dynamic = declared.starts_with("__data_loc") || declared.starts_with("__rel_loc");
        let (declared, length) = match declared.split_once('[') {
            Some((front, rest)) if !dynamic => (front, rest.strip_suffix(']')),
            _ => (declared, None),
        };
        let declared = declared.trim_end();
        let split = declared.rfind(|letter: char| !letter.is_alphanumeric() && letter != '_')?;
        Some(Self {
            c_type: declared[..=split].trim().to_owned(),
            name: declared[split + 1..].to_owned(),
            length: length.map(|text| text.trim().to_owned()),
            offset,
            size,
            signed: signed == Some(1_usize),
        })
    }

    /// Whether it is a reference to a field of variable length.
    fn is_dynamic(&self) -> bool {
        self.c_type.starts_with("__data_loc") || self.c_type.starts_with("__rel_loc")
    }

    /// Its name in the struct.
    fn member(&self) -> String {
        match self.is_dynamic() {
            true => format!("data_loc_{}", self.name),
            false => self.name.clone(),
        }
    }

    fn declaration(&self, constants: &HashMap<&[u8], u32>) -> String {
        let name = self.member();
        if self.is_dynamic() {
            return format!("int {name}");
        }
        if let Some(length) = &self.length {
            return self.array(length, constants);
        }
        if self.c_type.contains('*') {
            return format!("{} {name}", self.pointer());
        }
        match self.integer() {
            Some(c_type) => format!("{c_type} {name}"),
            None => format!("char {name}[{}]", self.size),
        }
    }

    fn array(&self, length: &str, constants: &HashMap<&[u8], u32>) -> String {
        let count = length.parse().ok();
        let count = count.or_else(|| constants.get(length.as_bytes()).map(|&n| n as usize));
        let item = count.filter(|&n| n > 0).map(|count| self.size / count);
        let item = item.and_then(|size| integer(size, self.signed));
        match (item, count) {
            _ if self.c_type.ends_with("char") => format!("char {}[{}]", self.name, self.size),
            (Some(item), Some(count)) => format!("{item} {}[{count}]", self.name),
            _ => format!("char {}[{}]", self.name, self.size),
        }
    }

    /// A pointer's type, without the qualifiers that only the kernel's own compiler knows.
    fn pointer(&self) -> String {
        let unknown = [
            "__user", "__percpu", "__rcu", "__iomem", "__seg_gs", "__seg_fs",
        ];
        let words = self.c_type.split_whitespace();
        let known: Vec<_> = words.filter(|word| !unknown.contains(word)).collect();
        known.join(" ")
    }

    /// The sized type of a number: types of the format may be defined nowhere, sizes are exact.
    fn integer(&self) -> Option<&'static str> {
        integer(self.size, self.signed)
    }
}

fn integer(size: usize, signed: bool) -> Option<&'static str> {
    Some(match (size, signed) {
        (1, false) => "u8",
        (1, true) => "s8",
        (2, false) => "u16",
        (2, true) => "s16",
        (4, false) => "u32",
        (4, true) => "s32",
        (8, false) => "u64",
        (8, true) => "s64",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: &str = "name: sys_enter_x\nID: 1\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n\
        \tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n\
        \tfield:const char __user *const * argv;\toffset:16;\tsize:8;\tsigned:0;\n\
        \tfield:char comm[TASK_COMM_LEN];\toffset:24;\tsize:16;\tsigned:0;\n\
        \tfield:__data_loc char[] name;\toffset:40;\tsize:4;\tsigned:0;\n\
        \tfield:unsigned long args[6];\toffset:48;\tsize:48;\tsigned:0;\n";

    #[test]
    fn a_format_becomes_a_struct() {
        let text = struct_of("syscalls", "sys_enter_x", FORMAT, &HashMap::new());
        let (body, checks) = text.split_once("__attribute__").unwrap();
        assert_eq!(
            body,
            "struct tracepoint__syscalls__sys_enter_x { u64 __do_not_use__; s32 __syscall_nr; \
             char __pad_12[4]; const char *const * argv; char comm[16]; int data_loc_name; \
             char __pad_44[4]; u64 args[6]; } "
        );
        assert!(checks.contains("argv) == 16"), "{checks}");
    }

    #[test]
    fn a_line_that_is_no_field_is_passed_over() {
        for line in [
            "",
            "field:",
            "field:int x",
            "field:;offset:1;size:1;",
            "print fmt: \"\"",
        ] {
            assert!(Field::parse(line).is_none(), "{line}");
        }
    }

    #[test]
    fn letters_that_differ_are_counted() {
        assert_eq!(edits(b"sys_enter_execve", b"sys_enter_execv"), 1);
        assert_eq!(edits(b"", b"abc"), 3);
    }
}
