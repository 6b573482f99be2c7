//! The kernel's types that a text names, as C.

use std::collections::HashSet;
use std::fs;

use crate::c::lex;
use crate::c::lex::Kind;
use crate::kernel;
use crate::kernel::Btf;
use crate::toolchain::compile_error::CompileError;

const BTF: &str = "/sys/kernel/btf/vmlinux";

/// Words that every text may need: headers and translations use them.
const ALWAYS: [&str; 31] = [
    "u8",
    "u16",
    "u32",
    "u64",
    "s8",
    "s16",
    "s32",
    "s64",
    "__u8",
    "__u16",
    "__u32",
    "__u64",
    "__s8",
    "__s16",
    "__s32",
    "__s64",
    "__be16",
    "__be32",
    "__be64",
    "__wsum",
    "__sum16",
    "bool",
    "true",
    "size_t",
    "BPF_MAP_TYPE_HASH",
    "BPF_ANY",
    "BPF_F_CURRENT_CPU",
    "BPF_F_NO_PREALLOC",
    "BPF_F_STACK_BUILD_ID",
    "pt_regs",
    "uintptr_t",
];

/// The running kernel's types.
#[derive(Debug)]
pub(crate) struct KernelTypes {
    pub btf: Btf,
}

/// What is to be declared, and what not, because the program has its own.
#[derive(Debug, Default, Clone)]
pub(crate) struct TypeSelection {
    /// Words beside those of the text.
    pub more: HashSet<String>,
    /// Names of types and constants that the program defines itself.
    pub hidden: HashSet<String>,
    /// Names after `struct`, `union` or `enum` that the program defines itself.
    pub tags: HashSet<String>,
}

impl KernelTypes {
    /// Reads them.
    pub fn read() -> Result<Self, CompileError> {
        let data = fs::read(BTF).map_err(|error| CompileError::NoBtf(error.to_string()))?;
        let broken = || CompileError::NoBtf("it is not in a known format".to_owned());
        let btf = Btf::parse(data).ok_or_else(broken)?;
        Ok(Self { btf })
    }

    /// Which instructions the compiler may use. With v3, clang 20 and newer make every atomic
    /// addition one that gives the old value, which Linux knows from 5.12 on, as it does this
    /// helper.
    pub fn instructions(&self) -> &'static str {
        match self
            .btf
            .has_enumerator(b"bpf_func_id", b"BPF_FUNC_check_mtu")
        {
            true => "-mcpu=v3",
            false => "-mcpu=v2",
        }
    }

    /// The declarations that texts made of these words need.
    pub fn declare(
        &self,
        words: &HashSet<&[u8]>,
        choice: &TypeSelection,
    ) -> Result<String, CompileError> {
        let mut all = words.clone();
        all.extend(ALWAYS.iter().map(|word| word.as_bytes()));
        all.extend(choice.more.iter().map(|word| word.as_bytes()));
        let ids = kernel::wanted(&self.btf, &all);
        let text = kernel::dump(self.btf.bytes(), &ids)
            .map_err(|code| CompileError::NoBtf(format!("libbpf's error {code}")))?;
        Ok(format!("{OPEN}{}{CLOSE}", renamed(&text, choice)))
    }
}

const OPEN: &str = "#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\
    #ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n\
    #pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n\
    #endif\n";

const CLOSE: &str = "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n#pragma clang attribute pop\n#endif\n\
    #endif\n";

/// The kernel's types under other names where the program has its own. What stands after three
/// underscores does not count for libbpf, so relocations still find the kernel's.
fn renamed(text: &str, choice: &TypeSelection) -> String {
    if choice.hidden.is_empty() && choice.tags.is_empty() {
        return text.to_owned();
    }
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    let mut before = "";
    for token in lex::tokens(text.as_bytes()) {
        let word = text.get(token.range.clone()).unwrap_or_default();
        let is_tag = matches!(before, "struct" | "union" | "enum");
        let own = if is_tag { &choice.tags } else { &choice.hidden };
        if token.kind == Kind::Word && own.contains(word) {
            result += &text[at..token.range.end];
            result += "___kernel";
            at = token.range.end;
        }
        before = word;
    }
    result + &text[at..]
}

/// The words of a text.
pub(crate) fn words(text: &[u8]) -> HashSet<&[u8]> {
    let all = lex::tokens(text);
    all.iter()
        .filter(|token| token.kind == Kind::Word)
        .map(|token| token.of(text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BTF of nothing but `enum bpf_func_id { CONSTANT };`.
    fn kernel_with(constant: &str) -> KernelTypes {
        let strings = format!("\0bpf_func_id\0{constant}\0");
        let words = |words: &[u32]| {
            words
                .iter()
                .flat_map(|w| w.to_le_bytes())
                .collect::<Vec<u8>>()
        };
        let one_enum = words(&[1, 6 << 24 | 1, 4, 13, 0]);
        let (types, all) = (one_enum.len() as u32, strings.len() as u32);
        let header = [0x0001_eb9f, 24, 0, types, types, all];
        let data = [words(&header), one_enum, strings.into_bytes()].concat();
        KernelTypes {
            btf: Btf::parse(data).expect("it is whole"),
        }
    }

    #[test]
    fn old_kernels_get_no_instructions_that_they_refuse() {
        assert_eq!(kernel_with("BPF_FUNC_check_mtu").instructions(), "-mcpu=v3");
        assert_eq!(
            kernel_with("BPF_FUNC_ima_inode_hash").instructions(),
            "-mcpu=v2"
        );
    }

    #[test]
    fn a_tag_of_the_programs_own_leaves_members_of_that_name_alone() {
        let text = "struct key { int key; }; typedef struct key *key_t; enum { KEY };";
        let choice = TypeSelection {
            tags: HashSet::from(["key".to_owned()]),
            hidden: HashSet::from(["KEY".to_owned()]),
            ..TypeSelection::default()
        };
        assert_eq!(
            renamed(text, &choice),
            "struct key___kernel { int key; }; typedef struct key___kernel *key_t; \
             enum { KEY___kernel };"
        );
    }
}
