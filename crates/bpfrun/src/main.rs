//! bpfrun: runs a BPF C file.

#![deny(clippy::print_stdout, clippy::print_stderr)] // see execsnoop-tool

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
