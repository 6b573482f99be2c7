//! Names of users and groups in a binary that is linked statically.

/// Makes the C library look users and groups up in /etc/passwd and /etc/group alone, when it is
/// linked into the binary. Else it would load what /etc/nsswitch.conf names (systemd, sss),
/// libraries that were made for the machine's own C library, and crash at the first name that the
/// files do not know.
///
/// To be called before anything else. A binary that is linked dynamically is left as it is.
pub fn use_files_for_names() {
    #[cfg(all(target_feature = "crt-static", target_env = "gnu"))]
    for database in [c"passwd", c"group", c"initgroups", c"shadow"] {
        configure_lookup(database);
    }
}

#[cfg(all(target_feature = "crt-static", target_env = "gnu"))]
fn configure_lookup(database: &std::ffi::CStr) {
    unsafe extern "C" {
        fn __nss_configure_lookup(
            database: *const std::ffi::c_char,
            service: *const std::ffi::c_char,
        ) -> std::ffi::c_int;
    }
    // SAFETY: both strings end in NUL and live for ever; no name has been looked up yet, as
    // glibc requires.
    let outcome = unsafe { __nss_configure_lookup(database.as_ptr(), c"files".as_ptr()) };
    assert_eq!(outcome, 0, "the C library knows {database:?} and files");
}
