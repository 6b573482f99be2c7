//! Compiles a file and writes the object, to look at what comes out: `translate PROG.c [OBJECT [FUNC=SECTION…]]`.

use std::env;
use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use bpfrun::Attach;
use bpfrun::CompileOptions;
use bpfrun::Source;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().collect();
    let path = arguments.get(1).expect("a file");
    let source = Source {
        path: path.into(),
        text: fs::read(path).expect("the file can be read"),
    };
    let attach = arguments
        .iter()
        .skip(3)
        .filter_map(|one| one.split_once('='));
    let options = CompileOptions {
        attach: attach
            .map(|(function, section)| Attach {
                function: function.to_owned(),
                section: section.to_owned(),
            })
            .collect(),
        clang: env::var_os("CLANG").map(Into::into),
        no_cache: env::var_os("NO_CACHE").is_some(),
        ..CompileOptions::default()
    };
    let begin = Instant::now();
    match bpfrun::compile(&source, &options) {
        Ok(made) => {
            eprintln!(
                "{:?} {:?} cached {}",
                made.dialect,
                begin.elapsed(),
                made.from_cache
            );
            eprint!("{}", made.warnings);
            println!("{}", made.c);
            if let Some(object) = arguments.get(2) {
                fs::write(object, made.object).expect("the object can be written");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
