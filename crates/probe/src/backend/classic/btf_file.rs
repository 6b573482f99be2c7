//! A kernel's layout from a BTF file of one's own, for kernels that have none: the classic backend
//! then has nothing to find out but what no BTF tells.
//!
//! (The core backend cannot be helped by it: the kernel itself checks its programs, against its own
//! BTF.)

use std::path::Path;

use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::Composite;
use libbpf_rs::btf::types::MemberAttr;

use crate::backend::classic::kernel_layout::Memory;
use crate::backend::classic::kernel_layout::SelfTask;
use crate::backend::classic::kernel_layout::check;
use crate::skeleton::classic::types::layout;

/// Structs within structs are followed this far; a file may be anything.
const DEPTH: usize = 8;

/// Reads the file, and makes sure that it is about the kernel that runs; else says what is wrong.
pub(crate) fn read(path: &Path, me: &SelfTask, memory: &mut dyn Memory) -> Result<layout, String> {
    let btf = Btf::from_path(path).map_err(|cause| format!("it is not BTF ({cause})"))?;
    let offset = |of: &str, name: &str| {
        let found = btf.type_by_name::<Composite<'_>>(of);
        let found = found.and_then(|found| member(&btf, found, name, DEPTH));
        found.ok_or_else(|| format!("it does not describe {of}.{name}"))
    };
    let task = |name| offset("task_struct", name);
    let mut layout = layout {
        stack: task("stack")?,
        tgid: task("tgid")?,
        parent: task("real_parent")?,
        leader: task("group_leader")?,
        start: task("start_boottime").or_else(|_| task("real_start_time"))?, // 5.5+; before
        comm: task("comm")?,
        signal: task("signal")?,
        exit_code: task("exit_code")?,
        live: offset("signal_struct", "live")?,
        regs: 0,
    };
    let own = memory.peek(me.task);
    layout.regs =
        check(&layout, &own, me).ok_or("it is not about the kernel that runs".to_owned())?;
    Ok(layout)
}

/// A member's offset in bytes, looked for in members without a name, too.
fn member(btf: &Btf<'_>, of: Composite<'_>, name: &str, depth: usize) -> Option<u32> {
    let depth = depth.checked_sub(1)?;
    of.iter().find_map(|each| {
        let MemberAttr::Normal { offset } = each.attr else {
            return None;
        };
        let within = match each.name {
            Some(own) if own == name => 0,
            Some(own) if !own.is_empty() => return None,
            _ => member(btf, btf.type_by_id::<Composite<'_>>(each.ty)?, name, depth)?,
        };
        Some(offset / 8 + within)
    })
}
