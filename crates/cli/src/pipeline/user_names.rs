//! Names of users and groups, each looked up once.
//!
//! The machine's user database can be a directory service that answers after seconds. The lookups
//! are therefore made by a thread of their own, and events do not wait for it long: they show the
//! number until the name is there.

use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use foldhash::HashMap;
use nix::unistd::Gid;
use nix::unistd::Group;
use nix::unistd::Uid;
use nix::unistd::User;

/// How long an event waits for a name. Local files answer in far less.
const PATIENCE: Duration = Duration::from_millis(50);

/// The number of a user or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Id {
    User(u32),
    Group(u32),
}

/// What is known of a name.
#[derive(Debug)]
enum Name {
    /// The user database has not answered yet.
    Awaited,
    /// Its answer; `None` if it knows no name.
    Known(Option<String>),
}

impl Name {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Awaited => None,
            Self::Known(name) => name.as_deref(),
        }
    }
}

type Answer = (Id, Option<String>);

/// The names that this machine gives to numbers.
#[derive(Debug, Default)]
pub struct UserNames {
    names: HashMap<Id, Name>,
    /// How many names are awaited.
    awaited: usize,
    lookup: Option<Lookup>,
    /// The names found here are not those of the machine.
    foreign: bool,
    /// There are no names but those that are learned.
    is_recorded: bool,
}

impl UserNames {
    /// The names that this process finds. In a container (`in_container`) they are not those of the
    /// machine: then there are none but root's.
    pub fn new(in_container: bool) -> Self {
        Self {
            foreign: in_container,
            ..Self::default()
        }
    }

    /// No names but those that are learned: they are another machine's.
    pub fn recorded() -> Self {
        Self {
            is_recorded: true,
            ..Self::default()
        }
    }

    /// Learns the name of a user.
    pub fn learn_user(&mut self, uid: Option<u32>, name: Option<&str>) {
        self.learn(uid.map(Id::User), name);
    }

    /// Learns the name of a group.
    pub fn learn_group(&mut self, gid: Option<u32>, name: Option<&str>) {
        self.learn(gid.map(Id::Group), name);
    }

    fn learn(&mut self, id: Option<Id>, name: Option<&str>) {
        let (Some(id), Some(name)) = (id, name) else {
            return;
        };
        if self.names.get(&id).and_then(Name::text) != Some(name) {
            self.names.insert(id, Name::Known(Some(name.to_owned())));
        }
    }

    /// Names that `find` gives.
    #[cfg(test)]
    fn found_by(find: fn(Id) -> Option<String>) -> Self {
        Self {
            lookup: Lookup::start(find),
            ..Self::default()
        }
    }

    /// Whether the user database has not answered all questions yet.
    pub fn is_waiting(&mut self) -> bool {
        self.take_answers();
        self.awaited > 0
    }

    /// Whether there are no names but root's.
    pub fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// The names of a user and of a group. A container has names of its own: of a process in one,
    /// only root's are known.
    pub fn of(
        &mut self,
        uid: Option<u32>,
        gid: Option<u32>,
        in_container: bool,
    ) -> (Option<&str>, Option<&str>) {
        let is_shared = |id: &u32| *id == 0 || !(in_container || self.foreign);
        let user = uid.filter(is_shared).map(Id::User);
        let group = gid.filter(is_shared).map(Id::Group);
        self.take_answers();
        user.into_iter().chain(group).for_each(|id| self.ask(id));
        let name = |id: Option<Id>| self.names.get(&id?)?.text();
        (name(user), name(group))
    }

    /// Asks for a name that was not asked for. Waits for it unless the database is slow: then
    /// other names are awaited.
    fn ask(&mut self, id: Id) {
        if self.is_recorded || self.names.contains_key(&id) {
            return;
        }
        let lookup = match &mut self.lookup {
            Some(lookup) => lookup,
            none => match Lookup::start(find) {
                Some(lookup) => none.insert(lookup),
                None => return,
            },
        };
        lookup.ask(id);
        self.names.insert(id, Name::Awaited);
        self.awaited += 1;
        if self.awaited == 1 {
            self.await_answer();
        }
    }

    fn await_answer(&mut self) {
        let answers = self.lookup.as_ref().map(|lookup| &lookup.answers);
        match answers.map(|answers| answers.recv_timeout(PATIENCE)) {
            Some(Ok(answer)) => self.keep(answer),
            Some(Err(RecvTimeoutError::Timeout)) => {
                tracing::debug!("the user database is slow: numbers are shown meanwhile");
            }
            Some(Err(RecvTimeoutError::Disconnected)) | None => {}
        }
    }

    fn take_answers(&mut self) {
        while self.awaited > 0 {
            let answer = self.lookup.as_ref().map(|lookup| lookup.answers.try_recv());
            match answer {
                Some(Ok(answer)) => self.keep(answer),
                _ => return,
            }
        }
    }

    fn keep(&mut self, (id, name): Answer) {
        self.names.insert(id, Name::Known(name));
        self.awaited -= 1;
    }
}

/// The thread that asks the user database. It ends with the last sender of questions.
#[derive(Debug)]
struct Lookup {
    questions: Sender<Id>,
    answers: Receiver<Answer>,
}

impl Lookup {
    /// `None` if no thread can be started; then there are no names.
    fn start(find: fn(Id) -> Option<String>) -> Option<Self> {
        let (questions, asked) = channel();
        let (answer, answers) = channel();
        let answer_all = move || {
            for id in asked {
                if answer.send((id, find(id))).is_err() {
                    return; // there is no receiver any more
                }
            }
        };
        let thread = thread::Builder::new().name("user-names".to_owned());
        thread.spawn(answer_all).ok()?;
        Some(Self { questions, answers })
    }

    fn ask(&self, id: Id) {
        // The thread lives as long as this sender.
        let _ = self.questions.send(id);
    }
}

fn find(id: Id) -> Option<String> {
    match id {
        Id::User(uid) => {
            let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
            user.map(|user| user.name)
        }
        Id::Group(gid) => {
            let group = Group::from_gid(Gid::from_raw(gid)).ok().flatten();
            group.map(|group| group.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn slow(id: Id) -> Option<String> {
        thread::sleep(Duration::from_millis(400));
        Some(format!("{id:?}"))
    }

    /// A name from files is there at once, and unknown numbers have none.
    #[test]
    fn local_names() {
        let mut names = UserNames::default();
        assert_eq!(
            names.of(Some(0), Some(0), false),
            (Some("root"), Some("root"))
        );
        assert_eq!(names.of(Some(4_123_456_789), None, false), (None, None));
        assert_eq!(names.awaited, 0);
        assert_eq!(
            UserNames::new(true).of(Some(65534), None, false),
            (None, None)
        );
    }

    /// Recorded names, and no others.
    #[test]
    fn recorded_names() {
        let mut names = UserNames::recorded();
        assert_eq!(names.of(Some(0), Some(0), false), (None, None));
        names.learn_user(Some(0), Some("toor"));
        names.learn_group(Some(7), None);
        assert_eq!(names.of(Some(0), Some(7), false), (Some("toor"), None));
    }

    /// A slow database delays the first event only, and names come later.
    #[test]
    fn slow_database() {
        let mut names = UserNames::found_by(slow);
        let start = Instant::now();
        for uid in 0..100 {
            assert_eq!(names.of(Some(uid), None, false), (None, None));
        }
        assert!(
            start.elapsed() < Duration::from_millis(300),
            "{:?}",
            start.elapsed()
        );
        while start.elapsed() < Duration::from_secs(20) {
            if names.of(Some(0), None, false).0 == Some("User(0)") {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the name never came");
    }
}
