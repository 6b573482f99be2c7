//! Plays recordings in the order of time.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use execsnoop_events::recording::Decoded;
use execsnoop_events::recording::Header;
use jiff::Timestamp;

use super::chain::Chain;
use super::chain::Taken;
use super::pace::Pace;
use super::progress::Progress;
use super::session::Session;
use super::shared_consumer::SharedConsumer;
use crate::pipeline::Account;
use crate::pipeline::Consumer as _;

/// How often what was formatted is written.
const RECORDS_PER_FLUSH: u32 = 512;

/// Makes a session whose pipeline delivers to a consumer.
pub type MakeSession<'m> = dyn Fn(Option<&Header>, SharedConsumer) -> anyhow::Result<Session> + 'm;

/// Plays chains of files. Each session in them has a pipeline of its own.
pub struct Player<'m> {
    make_session: &'m MakeSession<'m>,
    consumer: SharedConsumer,
    pace: Option<Pace>,
    /// By the id of the session; the empty one is that of records without a header.
    sessions: HashMap<String, Session>,
    records: u32,
    progress: Progress,
    /// The reader of the output is gone, or has enough.
    is_done: bool,
    played: Played,
}

/// What became of recordings.
#[derive(Debug, Default)]
pub struct Played {
    /// The account of all sessions together.
    pub account: Account,
    /// Sessions without a cgroup that a filter wants, and sessions with one, or without a filter.
    pub misses_cgroup: bool,
    pub has_matched: bool,
    /// A part is damaged or cannot be read.
    pub is_damaged: bool,
    /// Files that stop without an end.
    pub without_end: Vec<String>,
    /// There was no room for some lines.
    pub unwritten: Option<anyhow::Error>,
}

impl<'m> Player<'m> {
    /// A player whose pipelines deliver to this consumer.
    pub fn new(
        make_session: &'m MakeSession<'m>,
        consumer: SharedConsumer,
        pace: Option<Pace>,
        progress: Progress,
    ) -> Self {
        Self {
            make_session,
            consumer,
            pace,
            sessions: HashMap::new(),
            records: 0,
            progress,
            is_done: false,
            played: Played::default(),
        }
    }

    /// Plays everything, and returns what became of it.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn play(mut self, chains: Vec<Chain>) -> anyhow::Result<Played> {
        self.consumer.begin()?;
        let mut chains: Vec<_> = chains
            .into_iter()
            .map(|chain| (chain, String::new()))
            .collect();
        while let Some(next) = earliest(&mut chains)
            && !self.is_done
        {
            let (chain, session) = &mut chains[next];
            if self.play_next(chain, session)? == Taken::Ended {
                let (chain, session) = chains.remove(next);
                self.played.is_damaged |= chain.is_damaged;
                self.end_chain(&chain, &session)?;
            }
        }
        let rest: Vec<String> = self.sessions.keys().cloned().collect();
        for id in rest {
            self.finish(&id)?;
        }
        self.progress.clear();
        self.consumer.flush(Duration::MAX)?;
        self.played.account.discarded += self.consumer.ignored();
        Ok(self.played)
    }

    /// Plays the next record of a chain, which is in this session so far.
    fn play_next(&mut self, chain: &mut Chain, id: &mut String) -> anyhow::Result<Taken> {
        let mut outcome = Ok(());
        let taken = chain.take(&mut |record| outcome = self.play_record(record, id));
        outcome?;
        self.records += 1;
        if taken == Taken::Nothing || self.records.is_multiple_of(RECORDS_PER_FLUSH) {
            self.flush(id)?;
            if let Some(fraction) = chain.fraction() {
                self.progress.show(fraction);
            }
        }
        Ok(taken)
    }

    /// A file that is complete has an end.
    fn end_chain(&mut self, chain: &Chain, id: &str) -> anyhow::Result<()> {
        let session = self.sessions.get(id);
        if session.is_some_and(|session| !session.has_end_of_file()) {
            self.played.without_end.push(chain.name().to_owned());
        }
        self.finish(id)
    }

    fn play_record(&mut self, record: Decoded<'_>, id: &mut String) -> anyhow::Result<()> {
        match record {
            Decoded::Header(header) => self.begin_file(&header, id),
            Decoded::End(end) => {
                self.session(id, None)?.end(*end);
                Ok(())
            }
            Decoded::Event(event, names) => {
                self.keep_pace(event.time, id)?;
                self.session(id, None)?.push(&event, &names);
                Ok(())
            }
            Decoded::Clock | Decoded::Unknown => Ok(()),
        }
    }

    /// A file of another session ends the one before.
    fn begin_file(&mut self, header: &Header, id: &mut String) -> anyhow::Result<()> {
        if *id != header.session {
            self.finish(id)?;
            header.session.clone_into(id);
        }
        self.session(id, Some(header))?.begin_file();
        Ok(())
    }

    fn session(&mut self, id: &str, header: Option<&Header>) -> anyhow::Result<&mut Session> {
        if !self.sessions.contains_key(id) {
            let session = (self.make_session)(header, self.consumer.clone())?;
            self.sessions.insert(id.to_owned(), session);
        }
        Ok(self.sessions.get_mut(id).expect("it was just inserted"))
    }

    fn keep_pace(&mut self, time: Timestamp, id: &str) -> anyhow::Result<()> {
        let left = self.pace.as_mut().map(|pace| pace.time_left(time));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            self.flush(id)?;
            thread::sleep(left);
        }
        Ok(())
    }

    fn flush(&mut self, id: &str) -> anyhow::Result<()> {
        if let Some(session) = self.sessions.get_mut(id) {
            session.flush()?;
            self.is_done |= session.is_done() || self.consumer.is_full();
        }
        Ok(())
    }

    /// Shows what is left of a session, unless that was done.
    fn finish(&mut self, id: &str) -> anyhow::Result<()> {
        if let Some(mut session) = self.sessions.remove(id) {
            self.played.account.merge(&session.finish()?);
            match session.no_cgroup_matched() {
                true => self.played.misses_cgroup = true,
                false => self.played.has_matched = true,
            }
            self.played.unwritten = self.played.unwritten.take().or(session.unwritten());
        }
        Ok(())
    }
}

/// The chain whose next record was first; `None` if all have ended.
fn earliest(chains: &mut [(Chain, String)]) -> Option<usize> {
    if let Some(only) = only_open(chains) {
        return Some(only);
    }
    let times = chains.iter_mut().map(|(chain, _)| chain.next_time());
    // One that has ended comes first: it is removed then.
    let first = times.enumerate().min_by_key(|(_, time)| *time);
    first.map(|(index, _)| index)
}

/// The only chain whose time has come: its records need not be compared with those of others.
fn only_open(chains: &[(Chain, String)]) -> Option<usize> {
    let mut open = (0..chains.len()).filter(|&index| chains[index].0.begins().is_none());
    let (first, second) = (open.next()?, open.next());
    if second.is_some() {
        return None;
    }
    let others = chains.iter().filter_map(|(chain, _)| chain.begins());
    let is_alone = others
        .min()
        .is_none_or(|time| chains[first].0.is_before(time));
    is_alone.then_some(first)
}
