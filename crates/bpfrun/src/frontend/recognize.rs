//! Which dialect a source is written in.

use crate::c::lex;
use crate::compile_options::Dialect;
use crate::toolchain::includes::Includes;

/// Whether a text is in BCC's dialect or in libbpf's.
pub(crate) fn recognize(text: &[u8], includes: &Includes) -> Dialect {
    let tokens = lex::tokens(text);
    let has_sections = tokens
        .windows(2)
        .any(|two| two[0].is(text, "SEC") && two[1].is(text, "("));
    let libbpf = has_sections || includes.served.iter().any(|name| name.contains("bpf_"));
    let is_bcc = tokens.iter().any(|token| {
        let word = token.of(text);
        word.ends_with(b"_PROBE") || word.starts_with(b"BPF_") && !word.starts_with(b"BPF_F_")
    });
    match (has_sections, is_bcc, libbpf || includes.wants_vmlinux()) {
        (true, _, _) | (false, false, true) => Dialect::Libbpf,
        _ => Dialect::Bcc,
    }
}
