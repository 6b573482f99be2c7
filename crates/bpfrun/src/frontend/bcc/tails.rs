//! Tail calls: which function stands at which place of a `BPF_PROG_ARRAY`. BCC's tools put them
//! there from Python; here `--attach FUNC=tail:MAP:PLACE` says it, and the map is declared with
//! them in it.

use std::collections::HashMap;

use crate::c::clang_ast::Node;
use crate::c::edit::Edit;
use crate::compile_options::Attach;
use crate::compile_options::Target;
use crate::frontend::bcc::error::TranslateError;
use crate::frontend::bcc::maps::Map;
use crate::frontend::bcc::program::Program;

/// The map and the index of a target that is a slot.
fn slot(target: &Target) -> Option<(&str, u32)> {
    match target {
        Target::TailSlot { map, index } => Some((map, *index)),
        Target::Section(_) | Target::Omit => None,
    }
}

/// The section of a function that is only called by others: its kind, and no target. Only programs
/// of one kind call each other, and their contexts tell the kinds apart.
pub(crate) fn section(function: &Node) -> Result<String, TranslateError> {
    let parameters = function.parameters();
    let context = parameters
        .first()
        .map_or("", |context| context.plain_type());
    let kinds = [
        ("struct tracepoint__", "tracepoint"),
        ("struct bpf_raw_tracepoint_args", "raw_tp"),
        ("struct bpf_perf_event_data", "perf_event"),
        ("struct pt_regs", "kprobe"),
    ];
    let kind = kinds.iter().find(|(mark, _)| context.contains(mark));
    let (_, section) =
        kind.ok_or_else(|| TranslateError::UntypedTailContext(function.name().to_owned()))?;
    Ok((*section).to_owned())
}

/// Fills the arrays where they are declared. An empty array would never call anything.
pub(crate) fn fill(
    edits: &mut [Edit],
    program: &Program,
    maps: &HashMap<String, Map>,
    attach: &[Attach],
) -> Result<(), TranslateError> {
    let slots: Vec<_> = attach
        .iter()
        .filter_map(|one| Some((one, slot(&one.target)?)))
        .collect();
    let is_array = |name: &str| maps.get(name).is_some_and(Map::calls_programs);
    if let Some((one, (map, _))) = slots.iter().find(|(_, (map, _))| !is_array(map)) {
        return Err(TranslateError::NoProgramArray {
            function: one.function.clone(),
            map: (*map).to_owned(),
        });
    }
    for map in maps.values().filter(|map| map.calls_programs()) {
        let own = slots.iter().filter(|(_, (of, _))| *of == map.name);
        let own: Vec<_> = own
            .map(|(one, (_, place))| (one.function.as_str(), *place))
            .collect();
        if own.is_empty() {
            return Err(TranslateError::EmptyProgramArray(map.name.clone()));
        }
        let plain = map.as_libbpf();
        let text = filled(map, program, &own)?;
        let declared = edits.iter_mut().find(|edit| edit.text == plain);
        declared.ok_or(TranslateError::TreeMismatch)?.text = text;
    }
    Ok(())
}

/// The map's declaration, behind those of the functions in it.
fn filled(map: &Map, program: &Program, slots: &[(&str, u32)]) -> Result<String, TranslateError> {
    let mut functions = String::new();
    let mut values = Vec::new();
    for (name, place) in slots {
        let function = program.functions.iter().find(|one| one.name() == *name);
        let function = function.ok_or(TranslateError::TreeMismatch)?;
        let parameters = function.parameters();
        let context = parameters
            .first()
            .map_or("void *", |context| context.written_type());
        functions += &format!("int {name}({context}); ");
        values.push(format!("[{place}] = (void *)&{name}"));
    }
    Ok(format!(
        "{functions}{} = {{ .values = {{ {} }} }}",
        map.as_libbpf(),
        values.join(", ")
    ))
}
