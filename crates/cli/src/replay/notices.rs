//! What a recording lacks for what is asked of it.

use std::collections::HashSet;

use execsnoop_events::Backend;
use execsnoop_events::recording::Header;

use crate::args::TraceArgs;
use crate::pipeline::EventType;

/// Says each thing once, however many files there are.
#[derive(Debug, Default)]
pub struct Notices {
    said: HashSet<String>,
}

impl Notices {
    /// What is to be said of the recording with this header.
    pub fn about(&mut self, header: &Header, trace: &TraceArgs) -> Vec<String> {
        let mut notices = Vec::new();
        let lacks = |kind: &str| !header.events.iter().any(|recorded| recorded == kind);
        if trace.types().contains(EventType::Failed) && lacks(EventType::Failed.name()) {
            notices.push(
                "failed execs were not recorded: `execsnoop record -x` records them".to_owned(),
            );
        }
        for name in &trace.show.env {
            let name = name.to_string_lossy();
            if !header.env.iter().any(|recorded| *recorded == name) {
                notices.push(format!(
                    "the variable {name:?} was not recorded: `execsnoop record --env NAMES` \
                     records variables"
                ));
            }
        }
        notices.extend(limitations(header));
        notices.retain(|notice| self.said.insert(notice.clone()));
        notices
    }
}

fn limitations(header: &Header) -> Option<String> {
    let is_it = |backend: &Backend| backend.name() == header.backend;
    let backend = Backend::ALL.into_iter().find(is_it)?;
    let limitations = backend.limitations()?;
    let name = backend.name();
    Some(format!(
        "recorded with the {name} backend, which cannot provide: {limitations}"
    ))
}
