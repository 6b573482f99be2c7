//! What tracefs says of tracepoints.

use std::fs;
use std::path::PathBuf;

/// Directories where tracefs may be mounted.
const ROOTS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// A file of a tracepoint.
fn file(category: &str, name: &str, file: &str) -> impl Iterator<Item = PathBuf> {
    let path = PathBuf::from("events").join(category).join(name).join(file);
    ROOTS
        .iter()
        .map(move |root| PathBuf::from(root).join(&path))
}

/// Whether this user may read the ids of tracepoints, without which they cannot be attached to.
pub(crate) fn readable(category: &str, name: &str) -> bool {
    file(category, name, "id").any(|path| fs::read(path).is_ok())
}

/// A field of a tracepoint's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub name: String,
    pub offset: u32,
}

/// The fields of a tracepoint; none when tracefs does not tell.
pub(crate) fn fields(category: &str, name: &str) -> Vec<Field> {
    let text = file(category, name, "format").find_map(|path| fs::read_to_string(path).ok());
    parse(&text.unwrap_or_default())
}

/// Lines such as `field:__data_loc char[] filename; offset:8; size:4; signed:0;`
fn parse(format: &str) -> Vec<Field> {
    format.lines().filter_map(parse_field).collect()
}

fn parse_field(line: &str) -> Option<Field> {
    let mut parts = line.split(';').map(str::trim);
    let declaration = parts.next()?.strip_prefix("field:")?;
    let offset = parts.next()?.strip_prefix("offset:")?.parse().ok()?;
    let last = declaration.split_ascii_whitespace().next_back()?;
    let name = last.split('[').next()?.trim_start_matches('*');
    Some(Field {
        name: name.to_owned(),
        offset,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As kernels write them.
    #[test]
    fn formats() {
        let text = "name: sched_process_exec\nID: 316\nformat:\n\
            \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n\
            \tfield:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;\n\
            \tfield:char comm[16];\toffset:12;\tsize:16;\tsigned:0;\n\
            \tfield:bool group_dead;\toffset:32;\tsize:1;\tsigned:0;\n\nprint fmt: \"field:\"\n";
        let got: Vec<_> = parse(text)
            .into_iter()
            .map(|f| (f.name, f.offset))
            .collect();
        let expected = [
            ("common_type", 0),
            ("filename", 8),
            ("comm", 12),
            ("group_dead", 32),
        ];
        assert_eq!(
            got,
            expected.map(|(name, offset)| (name.to_owned(), offset))
        );
        assert_eq!(parse("field:;offset:;\nfield:int x; offset:no;"), []);
    }
}
