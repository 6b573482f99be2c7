//! Types of a BTF blob as C, written by libbpf.

use std::ffi::c_char;
use std::ffi::c_int;
use std::ffi::c_void;
use std::ptr;
use std::ptr::NonNull;

use libbpf_sys::__va_list_tag;

unsafe extern "C" {
    fn vsnprintf(
        into: *mut c_char,
        size: usize,
        format: *const c_char,
        args: *mut __va_list_tag,
    ) -> c_int;
}

/// The C declarations of these types and of all they are made of.
///
/// Fails with libbpf's (negative) error number.
pub(crate) fn dump(btf: &[u8], ids: &[u32]) -> Result<String, i32> {
    let size = u32::try_from(btf.len()).map_err(|_| -7)?; // E2BIG
    // SAFETY: the pointer and the length are those of one slice, which libbpf copies.
    let raw = unsafe { libbpf_sys::btf__new(btf.as_ptr().cast(), size) };
    let types = Types(NonNull::new(raw).ok_or_else(last_error)?);
    let mut text = Vec::with_capacity(64 * 1024);
    dump_into(&types, ids, &mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn dump_into(types: &Types, ids: &[u32], text: &mut Vec<u8>) -> Result<(), i32> {
    let context = ptr::from_mut(text).cast::<c_void>();
    // SAFETY: the BTF outlives the dump (`types` is borrowed), and so does the text that `append`
    // gets.
    let raw =
        unsafe { libbpf_sys::btf_dump__new(types.0.as_ptr(), Some(append), context, ptr::null()) };
    let dump = Dump(NonNull::new(raw).ok_or_else(last_error)?);
    for &id in ids {
        // SAFETY: the dump is alive; libbpf checks the number.
        let result = unsafe { libbpf_sys::btf_dump__dump_type(dump.0.as_ptr(), id) };
        if result < 0 {
            return Err(result);
        }
    }
    Ok(())
}

/// Takes what libbpf prints: a piece of a line at a time.
///
/// # Safety
///
/// `context` is the `Vec` given to `btf_dump__new`; `format` and `args` are as for `vprintf`.
unsafe extern "C" fn append(context: *mut c_void, format: *const c_char, args: *mut __va_list_tag) {
    // Pieces are names with what C puts around them; a name in BTF has at most 511 bytes.
    let mut piece = [0_u8; 4096];
    // SAFETY: the buffer has that size, and libbpf's format and arguments belong together.
    let wanted = unsafe { vsnprintf(piece.as_mut_ptr().cast(), piece.len(), format, args) };
    let length = usize::try_from(wanted).unwrap_or(0).min(piece.len() - 1);
    // SAFETY: there is no other reference to the text while libbpf prints into it.
    let text = unsafe { &mut *context.cast::<Vec<u8>>() };
    text.extend_from_slice(&piece[..length]);
}

fn last_error() -> i32 {
    -std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

struct Types(NonNull<libbpf_sys::btf>);

impl Drop for Types {
    fn drop(&mut self) {
        // SAFETY: made by btf__new, and freed once.
        unsafe { libbpf_sys::btf__free(self.0.as_ptr()) };
    }
}

struct Dump(NonNull<libbpf_sys::btf_dump>);

impl Drop for Dump {
    fn drop(&mut self) {
        // SAFETY: made by btf_dump__new, and freed once.
        unsafe { libbpf_sys::btf_dump__free(self.0.as_ptr()) };
    }
}
