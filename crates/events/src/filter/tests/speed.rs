//! What a filter costs: `cargo test --release -p execsnoop-events filter::tests::speed -- --ignored
//! --nocapture`.

use std::hint::black_box;
use std::time::Duration;
use std::time::Instant;

use super::*;

/// The fastest batch counts: the others were disturbed. One is shorter than a slice of time.
const BATCHES: u32 = 1_000;
const ROUNDS: u32 = 200;

fn batch(filter: &mut CelFilter, event: &Event<'_>) -> Duration {
    let begin = Instant::now();
    for _ in 0..ROUNDS {
        black_box(filter.matches(black_box(event), &Annotations::default()));
    }
    begin.elapsed() / ROUNDS
}

/// An exec of a compiler with 30 arguments, and the end of a process.
fn events(args: &[u8]) -> [Event<'_>; 2] {
    let ended = process(Some(exit(ExitStatus::Code(7))));
    [
        event(EventData::Exec(ls(Argv::whole(args)))),
        event(EventData::Summary(ended)),
    ]
}

#[test]
#[ignore = "measures"]
fn cost_per_event() {
    let args = b"-fno-strict-aliasing\0".repeat(30);
    for text in [
        "uid == 1000",
        r#"comm == "cc1" && uid >= 1000"#,
        r#"exe.matches("^/usr/(local/)?bin/") && uid != 0"#,
        r#"code != 0 && cpu_ns > 1000000"#,
        r#"container.id == "x" || comm in ["curl", "wget"]"#,
        r#"args.exists(a, a.startsWith("-O"))"#,
    ] {
        let mut filter = compiled(text);
        for (event, name) in events(&args).iter().zip(["exec", "process"]) {
            let each = (0..BATCHES).map(|_| batch(&mut filter, event)).min();
            let each = each.expect("there are batches");
            println!("{:>6} ns  {name:8} {text}", each.as_nanos());
        }
    }
}
