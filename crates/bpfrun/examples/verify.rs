//! Loads objects, to hear the kernel's verdict: `verify OBJECT…`. Nothing is attached.

use std::process::ExitCode;

use libbpf_rs::ObjectBuilder;

fn main() -> ExitCode {
    let mut failed = false;
    for path in std::env::args().skip(1) {
        let opened = ObjectBuilder::default().open_file(&path);
        if let Err(error) = opened.and_then(|object| object.load()) {
            println!("{path}: {error:?}");
            failed = true;
        }
    }
    ExitCode::from(u8::from(failed))
}
