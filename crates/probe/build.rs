//! Compiles the BPF programs with clang and makes their skeleton.

use std::env;
use std::path::Path;

use libbpf_cargo::SkeletonBuilder;

const OBJECTS: [&str; 3] = ["core", "classic", "peek"];

fn main() {
    println!("cargo:rerun-if-changed=bpf");
    println!("cargo:rerun-if-env-changed=CLANG");
    for object in OBJECTS {
        build(object);
    }
}

fn build(object: &str) {
    let source = format!("bpf/{object}.bpf.c");
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets the target");

    let mut builder = SkeletonBuilder::new();
    builder
        .source(&source)
        .reference_obj(true)
        .clang_args(clang_args(&arch)); // one list: a second call would take the place of the first
    if let Some(clang) = env::var_os("CLANG") {
        builder.clang(clang);
    }
    let skeleton = Path::new(&out).join(format!("{object}.skel.rs"));
    if let Err(err) = builder.build_and_generate(skeleton) {
        eprintln!("cannot compile {source}: {err:?}\n");
        eprintln!("Is clang installed? The README lists what the build needs.");
        std::process::exit(1);
    }
}

fn clang_args(arch: &str) -> Vec<String> {
    let target = format!("-D__TARGET_ARCH_{}", kernel_name(arch));
    let warnings = ["-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror"];
    // From version 20 on, clang's own choice is v3: Linux 5.10 refuses its atomic additions, 6.1
    // its arithmetic of 32 bits.
    let instructions = "-mcpu=v1";
    let args = [instructions, &target].into_iter().chain(warnings);
    args.map(str::to_owned).collect()
}

/// The kernel's word for an architecture.
fn kernel_name(arch: &str) -> &str {
    match arch {
        "x86_64" => "x86",
        "aarch64" => "arm64",
        other => panic!("execsnoop's BPF programs know x86_64 and aarch64, not {other}"),
    }
}
