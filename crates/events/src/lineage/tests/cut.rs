//! A table that goes on where another one was.

use super::*;
use crate::event::ExistingState;
use crate::event::OwnedEvent;

/// What happens; the numbers choose a pid.
#[derive(Debug, Clone)]
enum Happening {
    /// The next event of a life.
    Event(Index),
    /// The next event of a life is lost.
    Loss(Index),
    /// Its end is not told of, but that it is gone.
    Gone(Index),
    /// An exec that is the end of a process.
    Doom(Index),
    Tick(u16),
}

fn any_happening() -> impl Strategy<Value = Happening> {
    let one = any::<Index>;
    prop_oneof![
        12 => one().prop_map(Happening::Event),
        1 => one().prop_map(Happening::Loss),
        1 => one().prop_map(Happening::Gone),
        1 => one().prop_map(Happening::Doom),
        2 => (0..400u16).prop_map(Happening::Tick),
    ]
}

/// Lives, each created by one before it. On one pid, each follows the other.
#[derive(Debug)]
struct Lives {
    pids: Vec<VecDeque<Life>>,
}

/// What is still to come of a life.
#[derive(Debug)]
struct Life {
    process: ProcessId,
    creator: ProcessId,
    left: VecDeque<OwnedEvent>,
}

impl Lives {
    fn new(shape: &[(Index, u8)]) -> Self {
        let mut pids: Vec<VecDeque<Life>> = (0..7).map(|_| VecDeque::new()).collect();
        let mut ids = Vec::new();
        for ((creator, execs), number) in shape.iter().zip(1u64..) {
            let pid = number % 7;
            let process = id(u32::try_from(pid).expect("small") + 10, number * 100);
            let creator = match ids.len() {
                0 => INIT,
                before => ids[creator.index(before)],
            };
            ids.push(process);
            pids[usize::try_from(pid).expect("small")].push_back(Life {
                process,
                creator,
                left: events_of(process, creator, *execs),
            });
        }
        Self { pids }
    }

    /// What happens next.
    fn next(&mut self, happening: &Happening) -> Option<EventData<'static>> {
        let (Happening::Event(pid)
        | Happening::Loss(pid)
        | Happening::Gone(pid)
        | Happening::Doom(pid)) = happening
        else {
            return None;
        };
        let lives = &mut self.pids[pid.index(7)];
        let life = lives.front_mut()?;
        let data = life.next(happening);
        if life.left.is_empty() {
            lives.pop_front();
        }
        data
    }
}

impl Life {
    fn next(&mut self, happening: &Happening) -> Option<EventData<'static>> {
        match happening {
            Happening::Event(_) => self.left.pop_front().map(|event| plain(&event)),
            Happening::Loss(_) => {
                self.left.pop_front();
                None
            }
            Happening::Gone(_) => {
                self.left.clear();
                Some(EventData::Gone(self.process))
            }
            Happening::Doom(_) => Some(EventData::Exec(Exec {
                ret: -12,
                fatal: true,
                ..exec(self.process, self.creator, b"doomed", b"doomed\0")
            })),
            Happening::Tick(_) => None,
        }
    }
}

/// The event again, with bytes that live for ever.
fn plain(event: &OwnedEvent) -> EventData<'static> {
    match event.lend().data {
        EventData::Exec(of) => {
            let args: &'static [u8] = match of.exec_number.map_or(0, NonZeroU32::get) % 2 {
                0 => b"even\0",
                _ => b"odd\0-v\0",
            };
            let comm = &args[..3];
            EventData::Exec(Exec {
                exec_number: of.exec_number,
                ..exec(of.process, of.parent, comm, args)
            })
        }
        EventData::Fork(fork) => EventData::Fork(fork),
        EventData::Exit(of) => EventData::Exit(Exit {
            exec_number: of.exec_number,
            by_exec: of.by_exec,
            ..exit(of.process, of.parent)
        }),
        EventData::FinalUsage(usage) => EventData::FinalUsage(usage),
        _ => panic!("no such event in a life"),
    }
}

fn events_of(process: ProcessId, creator: ProcessId, execs: u8) -> VecDeque<OwnedEvent> {
    let number = |number: u8| NonZeroU32::new(u32::from(number) + 5);
    let EventData::Fork(forked) = fork(creator, process) else {
        panic!("a fork is one");
    };
    let forked = EventData::Fork(Fork {
        exec_number: number(0),
        ..forked
    });
    let execs_of = (1..=execs).map(|of| {
        EventData::Exec(Exec {
            exec_number: number(of),
            ..exec(process, creator, b"x", b"x\0")
        })
    });
    // Every third is adopted before it ends.
    let parent = if execs.is_multiple_of(3) {
        INIT
    } else {
        creator
    };
    let end = EventData::Exit(Exit {
        exec_number: number(execs),
        by_exec: execs == 2,
        ..exit(process, parent)
    });
    let all = std::iter::once(forked).chain(execs_of);
    let all = all.chain([end, freed(process)]);
    all.map(|data| OwnedEvent::new(&at(0, data))).collect()
}

/// A table that begins with what another one tells.
fn restored(from: &Table) -> Table {
    let mut table = Table::new(from.lineage.limits);
    for existing in from.lineage.existing() {
        let out = &mut table.out;
        let event = at(from.lineage.now.1, EventData::Existing(existing));
        table.lineage.observe(&event, &mut |event, lineage| {
            out.push(Out::new(event, lineage));
        });
    }
    check(&table.lineage);
    table.now = from.now;
    table
}

fn happen(table: &mut Table, data: Option<EventData<'_>>, happening: &Happening) {
    if let Some(data) = data {
        table.then(data);
    }
    if let Happening::Tick(ms) = happening {
        table.now += u64::from(*ms) * MS;
        let now = table.now;
        table.tick(now);
    }
}

/// What a table tells, for comparison.
fn told(lineage: &Lineage) -> Vec<String> {
    let all = lineage.existing();
    all.map(|existing| format!("{existing:?}")).collect()
}

/// The same in any order: where a process died twice, by events that came too late, it may differ.
fn sorted(lineage: &Lineage) -> Vec<String> {
    let mut told = told(lineage);
    told.sort_unstable();
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// A table that was cut off, and one that goes on from what the first one told, hand out the
    /// same from then on.
    #[test]
    fn another_table_goes_on(
        shape in prop::collection::vec((any::<Index>(), 0..4u8), 1..25),
        before in prop::collection::vec(any_happening(), 0..100),
        after in prop::collection::vec(any_happening(), 0..100),
    ) {
        let mut lives = Lives::new(&shape);
        let mut first = Table::with_shell(ROOMY);
        for happening in &before {
            let data = lives.next(happening);
            happen(&mut first, data, happening);
        }
        let mut second = restored(&first);
        prop_assert!(second.out.is_empty());
        prop_assert_eq!(told(&first.lineage), told(&second.lineage));
        first.out.clear();
        let ends = first.lineage.evicted().ends;
        for happening in &after {
            let data = lives.next(happening);
            happen(&mut first, data, happening);
            happen(&mut second, data, happening);
            prop_assert_eq!(sorted(&first.lineage), sorted(&second.lineage));
        }
        first.finish();
        second.finish();
        prop_assert_eq!(format!("{:?}", first.out), format!("{:?}", second.out));
        prop_assert_eq!(first.lineage.evicted().ends - ends, second.lineage.evicted().ends);
    }
}

/// Ancestors are told of before their descendants, and what awaits its usage last.
#[test]
fn the_order_of_what_is_told() {
    let (one, two, three) = (id(200, 5000), id(201, 6000), id(202, 7000));
    let mut table = Table::with_shell(ROOMY);
    table.fork_exec(SHELL, one, b"one");
    table.fork_exec(one, two, b"two");
    table.fork_exec(two, three, b"three");
    table.end(one, SHELL);
    table.then(EventData::Exit(exit(two, INIT)));
    let told: Vec<_> = table.lineage.existing().collect();
    let order: Vec<ProcessId> = told.iter().map(|one| one.process).collect();
    assert_eq!(order, [INIT, SHELL, one, three, two]);
    assert!(told[2].state.has_ended());
    assert!(matches!(told[4].state, ExistingState::Ending { .. }));
}

/// A process that is gone is never told of, and is remembered as an ancestor.
#[test]
fn gone_processes() {
    let (one, two) = (id(200, 5000), id(201, 6000));
    let mut table = Table::with_shell(ROOMY);
    table.fork_exec(SHELL, one, b"one");
    table.fork_exec(one, two, b"two");
    table.then(EventData::Gone(one)).then(freed(one));
    table.then(EventData::Gone(id(9, 9)));
    assert_eq!(table.ancestors(two), [one, SHELL, INIT]);
    table.then(EventData::Gone(two)).then(freed(two));
    assert!(table.out.is_empty());
    assert!(!table.kept(one) && !table.kept(two));
    assert_eq!(table.lineage.evicted().ends, 0);
}

/// Copies of one image are one in the other table as well.
#[test]
fn images_stay_shared() {
    let mut table = Table::with_shell(ROOMY);
    for pid in 200..230 {
        table.then(fork(SHELL, id(pid, 5000)));
    }
    let other = restored(&table);
    assert_eq!(other.lineage.images.bytes(), table.lineage.images.bytes());
}
