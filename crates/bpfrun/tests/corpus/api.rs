//! What `compile` does beside compiling: the cache, options, a compiler that is not there.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use bpfrun::CompileError;
use bpfrun::CompileOptions;
use bpfrun::Dialect;
use bpfrun::EventType;
use bpfrun::Source;
use libtest_mimic::Trial;

const PROGRAM: &str = "BPF_PERF_OUTPUT(events);\n\
    TRACEPOINT_PROBE(sched, sched_process_exec)\n{\n\
    struct event { u32 pid; } event = {VALUE};\n\
    events.perf_submit(args, &event, sizeof(event));\n    return 0;\n}\n";

/// The tests.
pub fn trials(root: bool) -> Vec<Trial> {
    let all: [(&str, fn()); 6] = [
        (
            "api::missing_clang_says_what_to_install",
            missing_clang_says_what_to_install,
        ),
        ("api::dialects_are_recognised", dialects_are_recognised),
        ("api::a_given_event_type_wins", a_given_event_type_wins),
        (
            "api::a_kept_object_needs_no_compiler",
            a_kept_object_needs_no_compiler,
        ),
        (
            "api::no_header_changes_unnoticed",
            no_header_changes_unnoticed,
        ),
        ("api::deep_nesting_is_refused", deep_nesting_is_refused),
    ];
    all.into_iter()
        .map(|(name, run)| {
            Trial::test(name, move || {
                run();
                Ok(())
            })
            .with_ignored_flag(!root)
        })
        .collect()
}

fn source(text: &str) -> Source {
    Source {
        path: PathBuf::from("program.c"),
        text: text.as_bytes().to_vec(),
    }
}

fn options() -> CompileOptions {
    CompileOptions {
        defines: vec!["VALUE=1".to_owned()],
        no_cache: true,
        ..CompileOptions::default()
    }
}

fn missing_clang_says_what_to_install() {
    let options = CompileOptions {
        clang: Some(PathBuf::from("/no/such/clang")),
        ..options()
    };
    let error = bpfrun::compile(&source(PROGRAM), &options).unwrap_err();
    assert!(matches!(error, CompileError::NoClang(_)), "{error:?}");
    assert!(error.to_string().contains("apt install clang"), "{error}");
}

fn dialects_are_recognised() {
    let libbpf = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n\
        SEC(\"raw_tp/sys_enter\") int f(void *ctx) { return 0; }\n\
        char LICENSE[] SEC(\"license\") = \"GPL\";\n";
    let dialect = |text| bpfrun::compile(&source(text), &options()).unwrap().dialect;
    assert_eq!(dialect(PROGRAM), Dialect::Bcc);
    assert_eq!(dialect(libbpf), Dialect::Libbpf);
    assert_eq!(
        dialect("int kprobe__f(struct pt_regs *ctx) { return 0; }"),
        Dialect::Bcc
    );
}

fn a_given_event_type_wins() {
    let text = format!("struct mine {{ u8 bytes[4]; }};\n{PROGRAM}");
    let options = CompileOptions {
        event_types: vec![EventType {
            map: "events".to_owned(),
            c_type: "struct mine".to_owned(),
        }],
        ..options()
    };
    let made = bpfrun::compile(&source(&text), &options).unwrap();
    assert!(
        made.c
            .contains("typeof(struct mine) *__bpfrun_event0_events"),
        "{}",
        made.c
    );
}

/// In a process of its own, because the cache is named by the environment.
fn a_kept_object_needs_no_compiler() {
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("program.c");
    fs::write(
        &program,
        PROGRAM
            .replace("VALUE", "SIZE")
            .replace("BPF_PERF", "#include \"size.h\"\nBPF_PERF"),
    )
    .unwrap();
    fs::write(place.path().join("size.h"), "#define SIZE 1\n").unwrap();
    let cache = place.path().join("cache");
    assert_eq!(run(&program, &cache, true), "false");
    assert_eq!(run(&program, &cache, true), "true");
    assert_eq!(run(&program, &cache, false), "true");
    fs::write(place.path().join("size.h"), "#define SIZE 2\n").unwrap();
    assert_eq!(run(&program, &cache, false), "no compiler");
    assert_eq!(run(&program, &cache, true), "false");
}

/// However a header is named, its change is noticed: an include that is not followed means no
/// cache.
fn no_header_changes_unnoticed() {
    for include in [
        "#define HEADER \"size.h\"\n#include HEADER",
        "#include/**/\"size.h\"",
        "#import \"size.h\"",
        "#inc\\\nlude \"size.h\"",
        "#if __has_include(\"size.h\")\n#include \"size.h\"\n#endif",
    ] {
        let place = tempfile::tempdir().unwrap();
        let program = place.path().join("program.c");
        let text = PROGRAM.replace("VALUE", "SIZE");
        let text = text.replace("BPF_PERF", &format!("{include}\nBPF_PERF"));
        fs::write(&program, text).unwrap();
        let cache = place.path().join("cache");
        for size in ["1", "2"] {
            fs::write(
                place.path().join("size.h"),
                format!("#define SIZE {size}\n"),
            )
            .unwrap();
            assert_eq!(run(&program, &cache, true), "false", "{include}");
        }
    }
}

/// Whether the object came from the cache.
fn run(program: &Path, cache: &Path, with_compiler: bool) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .env("BPFRUN_CORPUS_COMPILE", program)
        .env("BPFRUN_CACHE", cache);
    if !with_compiler {
        command.env("PATH", "/nowhere");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What the process of such a test does in place of testing.
pub fn compile_and_tell(program: &Path) {
    let source = Source {
        path: program.to_owned(),
        text: fs::read(program).unwrap(),
    };
    match bpfrun::compile(&source, &CompileOptions::default()) {
        Ok(made) => print!("{}", made.from_cache),
        Err(CompileError::NoClang(_)) => print!("no compiler"),
        Err(error) => panic!("{error}"),
    }
}

fn deep_nesting_is_refused() {
    let many = "if (args->pid) {".repeat(600) + &"}".repeat(600);
    let text = PROGRAM.replace("    return 0;", &format!("{many} return 0;"));
    let error = bpfrun::compile(&source(&text), &options())
        .unwrap_err()
        .to_string();
    assert!(error.contains("nest"), "{error}");
}
