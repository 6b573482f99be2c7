//! Rankings of random processes, beside a naive model that looks at whole lives.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::Argv;
use crate::Cgroups;
use crate::Cost;
use crate::Cpu;
use crate::Event;
use crate::EventData;
use crate::Existing;
use crate::Exit;
use crate::ExitStatus;
use crate::FinalUsage;
use crate::Fork;
use crate::Image;
use crate::Limits;
use crate::Lineage;
use crate::ProcessId;
use crate::ProcessSummary;

const MS: u64 = 1_000_000;
const MAX_LIFETIME: u64 = 1000 * MS;
const BEGIN: u64 = 5_000 * MS;

/// A process of a random machine.
#[derive(Debug, Clone)]
struct Life {
    /// Its number among the processes before it.
    creator: usize,
    start_ns: u64,
    end_ns: u64,
    cpu_ns: u64,
    code: u8,
    /// How long after its end the final usage comes.
    reaped_ns: u64,
}

fn id(number: usize, life: &Life) -> ProcessId {
    ProcessId {
        pid: u32::try_from(number + 100).expect("few"),
        start_ns: life.start_ns,
    }
}

/// Processes, of which the first one was always there.
fn lives() -> impl Strategy<Value = Vec<Life>> {
    let lifetime = prop_oneof![1_u64..60, 900_u64..1100, 1_u64..6000];
    let one = (
        any::<prop::sample::Index>(),
        0_u64..400,
        lifetime,
        0_u64..=100,
    );
    let one = (one, 0_u8..3, 0_u64..40);
    prop::collection::vec(one, 1..60).prop_map(|all| {
        let mut lives = vec![Life {
            creator: 0,
            start_ns: 1,
            end_ns: u64::MAX,
            cpu_ns: 0,
            code: 0,
            reaped_ns: 0,
        }];
        let mut clock = BEGIN / MS;
        for ((creator, after, lifetime, busy), code, reaped) in all {
            clock += after / 8;
            let creator = creator.index(lives.len());
            let alive = |of: usize| lives[of].end_ns > clock * MS;
            let creator = if alive(creator) { creator } else { 0 };
            lives.push(Life {
                creator,
                start_ns: clock * MS + 7,
                end_ns: (clock + lifetime) * MS,
                cpu_ns: lifetime * MS * busy / 100,
                code,
                reaped_ns: reaped * MS,
            });
        }
        lives
    })
}

/// The events of the lives, in order.
fn events(lives: &[Life]) -> Vec<(u64, EventData<'static>)> {
    let mut events = vec![(
        BEGIN,
        EventData::Existing(Existing {
            comm: b"root",
            uid: Some(0),
            gid: Some(0),
            seen_pid: 100,
            image: Image {
                args: Argv::whole(b"root\0"),
                ..Image::UNKNOWN
            },
            ..Existing::alive(id(0, &lives[0]), ProcessId::UNKNOWN)
        }),
    )];
    for (number, life) in lives.iter().enumerate().skip(1) {
        let fork = Fork {
            process: id(number, life),
            creator: id(life.creator, &lives[life.creator]),
            creator_tid: 1,
            vfork: None,
            by_tracer: false,
            exec_number: None,
            ns_pid: None,
        };
        events.push((life.start_ns, EventData::Fork(fork)));
        events.push((life.end_ns, EventData::Exit(exit(number, life, lives))));
        let usage = FinalUsage {
            process: id(number, life),
            cpu: Cpu::divided(life.cpu_ns, true, 1, 1),
        };
        events.push((life.end_ns + life.reaped_ns, EventData::FinalUsage(usage)));
    }
    events.sort_by_key(|(ns, _)| *ns);
    events
}

fn exit(number: usize, life: &Life, lives: &[Life]) -> Exit<'static> {
    Exit {
        process: id(number, life),
        parent: id(life.creator, &lives[life.creator]),
        comm: [&b"a"[..], b"b", b"c"][number % 3],
        uid: Some(u32::from(life.code)),
        gid: None,
        place: None,
        ns_pid: None,
        status: Some(ExitStatus::Code(life.code)),
        oom_killed: None,
        by_exec: false,
        exec_ns: None,
        exec_number: None,
        cost: Some(Cost {
            cpu: Cpu::divided(life.cpu_ns, false, 1, 1),
            max_rss_bytes: None,
            peak_rss_bytes: 4096 * number as u64,
            minor_faults: 0,
            major_faults: 0,
            voluntary_switches: 0,
            involuntary_switches: 0,
            io: None,
        }),
    }
}

/// A ranking that is fed from a process table.
struct Machine {
    lineage: Lineage,
    cgroups: Cgroups,
    ranking: Ranking,
}

impl Machine {
    fn new(until_ns: u64, most_rows: usize) -> Self {
        let settings = RankingSettings {
            begin_ns: BEGIN,
            until_ns,
            cpus: 2,
            max_lifetime_ns: MAX_LIFETIME,
            window_ns: 1000 * MS,
            groupings: Grouping::ALL.to_vec(),
            counts_failed_execs: false,
            most_rows,
        };
        Self {
            lineage: Lineage::new(Limits::default(), true),
            cgroups: Cgroups::default(),
            ranking: Ranking::new(&settings),
        }
    }

    fn observe(&mut self, boot_ns: u64, data: EventData<'_>) {
        let event = Event {
            time: Timestamp::UNIX_EPOCH,
            boot_ns,
            data,
        };
        let Self {
            lineage,
            cgroups,
            ranking,
        } = self;
        lineage.observe(&event, &mut |done, table| {
            finish(ranking, done, table, cgroups);
        });
        lineage.tick(boot_ns, &mut |done, table| {
            finish(ranking, done, table, cgroups);
        });
        ranking.tick(boot_ns);
    }

    fn at_the_end(lives: &[Life], until_ns: u64, most_rows: usize) -> Self {
        let mut machine = Self::new(until_ns, most_rows);
        for (ns, data) in events(lives) {
            machine.observe(ns, data);
        }
        machine.ranking.tick(u64::MAX / 2);
        machine
    }
}

fn finish(ranking: &mut Ranking, done: &Event<'_>, lineage: &Lineage, cgroups: &Cgroups) {
    if let EventData::Summary(summary) = &done.data {
        let finished = Finished {
            end_ns: done.boot_ns,
            summary: lend(summary),
            lineage,
            cgroups,
        };
        ranking.finished(&finished, &mut |args| format!("{args:?}").into());
    }
}

fn lend<'a>(summary: &'a ProcessSummary<'a>) -> &'a ProcessSummary<'a> {
    summary
}

fn is_short(life: &Life) -> bool {
    life.end_ns - life.start_ns <= MAX_LIFETIME
}

/// The culprit of a process, by the whole lives of its ancestors.
fn culprit(number: usize, lives: &[Life]) -> usize {
    let mut at = lives[number].creator;
    while is_short(&lives[at]) {
        at = lives[at].creator;
    }
    at
}

/// CPU time that is spent in an interval.
fn spent(life: &Life, from: u64, to: u64) -> u64 {
    let lifetime = u128::from(life.end_ns - life.start_ns);
    let until = |ns: u64| {
        let part = u128::from(ns.clamp(life.start_ns, life.end_ns) - life.start_ns);
        u64::try_from(u128::from(life.cpu_ns) * part / lifetime).expect("a part")
    };
    until(to.max(from)) - until(from)
}

fn rows_and_others(report: &Report) -> (u64, u64, u64) {
    let sums = report.rows.iter().map(|row| row.sums);
    sums.chain([report.others]).fold((0, 0, 0), |sum, it| {
        let cpu_ns = it.cpu_ns.expect("known");
        (sum.0 + cpu_ns, sum.1 + it.count, sum.2 + it.failed)
    })
}

fn short(report: &Report) -> (u64, u64, u64) {
    let sums = &report.short;
    (sums.cpu_ns.expect("known"), sums.count, sums.failed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Each short-lived process is attributed to the ancestor that its whole family tree names, no
    /// matter what was known when it ended.
    #[test]
    fn culprits_are_those_of_the_model(lives in lives()) {
        let machine = Machine::at_the_end(&lives, u64::MAX, 1000);
        let report = machine.ranking.report(Grouping::Culprit, Span::Start);
        let mut expected = BTreeMap::<ProcessId, (u64, u64, u64)>::new();
        for (number, life) in lives.iter().enumerate().skip(1).filter(|(_, it)| is_short(it)) {
            let culprit = culprit(number, &lives);
            let sums = expected.entry(id(culprit, &lives[culprit])).or_default();
            sums.0 += life.cpu_ns;
            sums.1 += 1;
            sums.2 += u64::from(life.code != 0);
        }
        let found: BTreeMap<_, _> = report.rows.iter().map(|row| {
            let process = row.starter.expect("a culprit").process;
            (process, (row.sums.cpu_ns.expect("known"), row.sums.count, row.sums.failed))
        }).collect();
        prop_assert_eq!(found, expected);
    }

    /// At any moment and by any grouping, rows and others are all that is short-lived; and that is
    /// what the model has spent in the same interval.
    #[test]
    fn rows_and_others_are_everything(
        lives in lives(), most_rows in 1_usize..40, until in 0_u64..4000, stop in 0_usize..200
    ) {
        let until_ns = BEGIN + until * MS;
        let mut machine = Machine::new(until_ns, most_rows);
        let (mut now, mut seen) = (BEGIN, 0);
        for (ns, data) in events(&lives).into_iter().take(stop) {
            machine.observe(ns, data);
            now = ns;
            seen += usize::from(matches!(data, EventData::Exit(_)));
        }
        machine.ranking.tick(now + 600 * MS);
        machine.lineage.tick(now + 600 * MS, &mut |done, table| {
            finish(&mut machine.ranking, done, table, &machine.cgroups);
        });
        let ended: Vec<&Life> = lives[1..].iter().filter(|it| it.end_ns <= now).collect();
        let short_ones = ended.iter().filter(|it| is_short(it));
        for span in [Span::Window, Span::Start] {
            for grouping in Grouping::ALL {
                let report = machine.ranking.report(grouping, span);
                prop_assert_eq!(rows_and_others(&report), short(&report), "{:?}", grouping);
                prop_assert!(report.rows.len() <= most_rows.max(1) + 1024);
                let Interval { from_ns, to_ns } = report.interval;
                let cpu = short_ones.clone().map(|it| spent(it, from_ns, to_ns)).sum::<u64>();
                if seen == ended.len() {
                    prop_assert_eq!(report.short.cpu_ns, Some(cpu));
                }
            }
        }
    }

    /// The tree of a culprit has the same sums as its row.
    #[test]
    fn trees_have_the_sums_of_their_rows(lives in lives()) {
        let machine = Machine::at_the_end(&lives, u64::MAX, 1000);
        for row in machine.ranking.report(Grouping::Culprit, Span::Start).rows {
            let process = row.starter.expect("a culprit").process;
            let detail = machine.ranking.culprit(process, Span::Start).expect("a row");
            let top = detail.programs.iter().filter(|line| line.depth == 0);
            let count: u64 = top.clone().map(|line| line.sums.count).sum();
            let cpu_ns: u64 = top.filter_map(|line| line.sums.cpu_ns).sum();
            prop_assert_eq!((Some(cpu_ns), count), (row.sums.cpu_ns, row.sums.count));
        }
    }
}

fn life(creator: usize, start_ms: u64, end_ms: u64, cpu_ms: u64) -> Life {
    Life {
        creator,
        start_ns: BEGIN + start_ms * MS,
        end_ns: BEGIN + end_ms * MS,
        cpu_ns: cpu_ms * MS,
        code: 0,
        reaped_ns: 0,
    }
}

fn root() -> Life {
    Life {
        start_ns: 1,
        end_ns: u64::MAX,
        ..life(0, 0, 0, 0)
    }
}

fn by_culprit(machine: &Machine) -> Vec<(u32, u64)> {
    let report = machine.ranking.report(Grouping::Culprit, Span::Start);
    let pid = |row: &ReportRow| row.starter.expect("a culprit").process.pid;
    report
        .rows
        .iter()
        .map(|row| (pid(row), row.sums.count))
        .collect()
}

/// While a parent is young, its children count for the culprit above it; if it lives on, they are
/// its own.
#[test]
fn young_parents() {
    for (shell_ends, expected) in [(400, (100, 3)), (2_000, (101, 2))] {
        let lives = [
            root(),
            life(0, 0, shell_ends, 1),
            life(1, 10, 20, 5),
            life(1, 30, 40, 5),
        ];
        let mut machine = Machine::new(u64::MAX, 100);
        for (ns, data) in events(&lives) {
            machine.observe(ns, data);
            let is_freed = matches!(data, EventData::FinalUsage(_));
            if is_freed && ns == BEGIN + 40 * MS {
                assert_eq!(by_culprit(&machine), [(100, 2)], "as if it ended now");
            }
        }
        machine.ranking.tick(BEGIN + 5_000 * MS);
        assert_eq!(by_culprit(&machine), [expected]);
    }
}

/// A process that was not selected is a link to the culprit, and counts nowhere.
#[test]
fn filtered_links() {
    let lives = [root(), life(0, 0, 400, 1), life(1, 10, 20, 5)];
    let mut machine = Machine::new(u64::MAX, 100);
    for (ns, data) in events(&lives) {
        let event = Event {
            time: Timestamp::UNIX_EPOCH,
            boot_ns: ns,
            data,
        };
        let (ranking, cgroups) = (&mut machine.ranking, &machine.cgroups);
        machine.lineage.observe(&event, &mut |done, lineage| {
            let EventData::Summary(summary) = &done.data else {
                return;
            };
            let finished = Finished {
                end_ns: done.boot_ns,
                summary,
                lineage,
                cgroups,
            };
            match summary.process.pid {
                101 => ranking.link(&finished, &mut |_| "".into()),
                _ => ranking.finished(&finished, &mut |_| "".into()),
            }
        });
    }
    machine.ranking.tick(BEGIN + 5_000 * MS);
    assert_eq!(by_culprit(&machine), [(100, 1)]);
    let detail = machine.ranking.culprit(id(0, &lives[0]), Span::Start);
    let depths: Vec<usize> = detail
        .expect("a row")
        .programs
        .iter()
        .map(|line| line.depth)
        .collect();
    assert_eq!(depths, [0, 1], "the link is in the tree");
}

/// Many distinct rows take a limited number of rows, and nothing is lost.
#[test]
fn rows_are_limited() {
    let mut lives = vec![root()];
    for number in 0..5_000_u64 {
        let mut one = life(0, number, number + 3, 2);
        one.code = u8::try_from(number % 7).expect("small");
        lives.push(one);
    }
    let machine = Machine::at_the_end(&lives, u64::MAX, 64);
    for grouping in Grouping::ALL {
        let report = machine.ranking.report(grouping, Span::Start);
        assert!(report.rows.len() <= 64, "{grouping:?}");
        assert_eq!(rows_and_others(&report), short(&report), "{grouping:?}");
        assert_eq!(report.short.count, 5_000);
    }
}

/// The remainder is what the machine was busy with besides.
#[test]
fn the_remainder() {
    let lives = [root(), life(0, 0, 400, 300)];
    let mut machine = Machine::at_the_end(&lives, BEGIN + 1000 * MS, 100);
    machine.ranking.machine(BEGIN, 50 * MS);
    machine.ranking.machine(BEGIN + 2000 * MS, 1050 * MS);
    let report = machine.ranking.report(Grouping::Culprit, Span::Start);
    assert_eq!(report.busy_ns, Some(500 * MS));
    assert_eq!(report.rest_ns(), Some(200 * MS));
    assert_eq!(report.capacity_ns(), 2000 * MS);
    let percent = report.percent(report.short.cpu_ns.expect("known"));
    assert!(percent.is_some_and(|it| (it - 15.0).abs() < 0.001));
}

/// The answer names the culprit, the share, the number and the median lifetime.
#[test]
fn the_sentence() {
    let mut lives = vec![root()];
    lives.extend((0..3120).map(|number| life(0, number / 2, number / 2 + 3, 2)));
    let machine = Machine::at_the_end(&lives, BEGIN + 10_000 * MS, 100);
    let report = machine.ranking.report(Grouping::Culprit, Span::Start);
    let text = sentence(&report, &mut |who| {
        (who.uid == Some(0)).then(|| "root".to_owned())
    });
    assert_eq!(
        text,
        "31 % of the CPU (0.62 of 2 CPUs) went to 3,120 processes that lived 3.01ms (median). \
         100 % of them were started by root (pid 100, root). Most of it is a."
    );
    let empty = Machine::new(BEGIN + 10_000 * MS, 100);
    let report = empty.ranking.report(Grouping::Culprit, Span::Start);
    let text = sentence(&report, &mut |_| None);
    assert_eq!(text, "No short-lived process ended in 0ns.");
}
