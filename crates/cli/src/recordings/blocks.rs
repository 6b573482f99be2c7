//! The reading end of the thread that reads.

use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::sync::mpsc::channel;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use execsnoop_events::recording::TimeRange;

use super::block::Block;
use super::block::Progress;
use super::read::Reading;
use super::source::Source;

/// Blocks that are ready ahead of the caller. Most have 64 KiB.
const AHEAD: usize = 8;

/// A block with more room is given back to the system: its text was a long line.
const KEPT: usize = 1 << 20;

/// What [`Blocks::next`] says.
#[derive(Debug)]
pub(crate) enum Next {
    /// The next block.
    Block(Block),
    /// A file cannot be read, or not further. The other files of the input follow.
    Failed(anyhow::Error),
    /// Nothing came in this time.
    Pending,
    /// Everything was handed out.
    Ended,
}

/// The blocks of an input, in its order.
#[derive(Debug)]
pub(crate) struct Blocks {
    blocks: Receiver<(Progress, anyhow::Result<Block>)>,
    spare: Sender<Vec<u8>>,
    len: Option<u64>,
    passed: u64,
}

impl Blocks {
    pub(super) fn start(sources: Vec<Source>, len: Option<u64>, times: TimeRange) -> Self {
        let (to_caller, blocks) = sync_channel(AHEAD);
        let (spare, spares) = channel();
        let reading = Reading::new(times, to_caller, spares);
        thread::spawn(move || reading.run(&sources));
        Self {
            blocks,
            spare,
            len,
            passed: 0,
        }
    }

    /// Waits for the next block, not longer than this.
    pub(crate) fn next(&mut self, timeout: Duration) -> Next {
        match self.blocks.recv_timeout(timeout) {
            Ok((Progress(passed), result)) => {
                self.passed = passed;
                result.map_or_else(Next::Failed, Next::Block)
            }
            Err(RecvTimeoutError::Timeout) => Next::Pending,
            Err(RecvTimeoutError::Disconnected) => {
                self.passed = self.len.unwrap_or(self.passed);
                Next::Ended
            }
        }
    }

    /// Takes the text of a block back, for another block. Optional: it saves allocations.
    pub(crate) fn give_back(&self, mut text: Vec<u8>) {
        if text.capacity() <= KEPT {
            text.clear();
            // The thread may have ended.
            let _ = self.spare.send(text);
        }
    }

    /// How much of the input was passed, from 0 to 1. `None` for a stream.
    pub(crate) fn fraction(&self) -> Option<f64> {
        let len = self.len?;
        Some(match len {
            0 => 1.0,
            _ => self.passed as f64 / len as f64,
        })
    }
}
