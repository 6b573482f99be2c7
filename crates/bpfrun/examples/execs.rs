//! What BCC's users write in Python: load a C file, print its events, read and clear a map.
//!
//! `cargo run --example execs` as root, in crates/bpfrun; `--example execs -- FILE` for another
//! file.

use std::error::Error;
use std::time::Duration;

use bpfrun::CompileOptions;
use bpfrun::Program;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1);
    let file = file.unwrap_or_else(|| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/bcc/execargs.c").to_owned()
    });
    let program = Program::from_file(file, &CompileOptions::default())?;
    let mut running = program.load()?.attach()?;
    for _ in 0..20 {
        running.poll(Duration::from_millis(100), |event| {
            let pid = event.get("pid").and_then(|pid| pid.as_u64());
            let comm = event.get("comm").and_then(|comm| comm.to_text());
            println!("{} {}", pid.unwrap_or_default(), comm.unwrap_or_default());
        })?;
    }
    for map in running.maps().iter().filter(|map| map.name() == "calls") {
        println!("{} calls are still under way", map.entries()?.len());
        map.clear()?;
    }
    Ok(())
}
