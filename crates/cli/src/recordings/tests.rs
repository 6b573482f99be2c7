//! Inputs as users name them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use execsnoop_events::recording::FrameFlags;
use execsnoop_events::recording::FrameWriter;
use execsnoop_events::recording::StreamId;
use execsnoop_events::recording::TimeRange;
use tempfile::TempDir;

use super::Block;
use super::Blocks;
use super::Input;
use super::Lines;
use super::Next;

const LONG: Duration = Duration::from_secs(60);

/// A file of frames with one record each, whose times count from `first`.
fn file(first: i64, count: i64) -> Vec<Vec<u8>> {
    let mut writer = FrameWriter::new(StreamId(7));
    let frame = |time: i64| {
        let flags = match time - first {
            0 => FrameFlags::HEADER,
            3 => FrameFlags::CHECKPOINT,
            _ => FrameFlags::NONE,
        };
        let line = format!("{{\"type\":\"x\",\"time\":{time}}}\n");
        writer.text().extend_from_slice(line.as_bytes());
        writer.note(time);
        writer.finish(flags).unwrap().to_vec()
    };
    (first..first + count).map(frame).collect()
}

fn since(since_ns: i64) -> TimeRange {
    TimeRange {
        since_ns,
        ..TimeRange::ALL
    }
}

fn open(path: &Path, times: TimeRange) -> Blocks {
    Input::open(path).unwrap().remove(0).read(times)
}

/// Everything that an input gives, in a few words each.
fn read(path: &Path, times: TimeRange) -> Vec<String> {
    let mut blocks = open(path, times);
    let mut all = Vec::new();
    loop {
        match blocks.next(LONG) {
            Next::Block(block) => all.push(words(&blocks, block)),
            Next::Failed(error) => all.push(format!("failed: {error:#}")),
            Next::Pending => panic!("nothing came"),
            Next::Ended => break,
        }
    }
    assert!(blocks.fraction().is_none_or(|fraction| fraction == 1.0));
    all
}

fn words(blocks: &Blocks, block: Block) -> String {
    let time = |lines: Lines| {
        let text = String::from_utf8(lines.text.clone()).unwrap();
        blocks.give_back(lines.text);
        let (_, time) = text.trim_end_matches("}\n").rsplit_once(':').unwrap();
        time.to_owned()
    };
    match block {
        Block::Header(lines) => format!("header {}", time(lines)),
        Block::Lines(lines) => time(lines),
        Block::Damage(sentence) => sentence,
    }
}

fn written(name: &str, bytes: &[u8]) -> (TempDir, std::path::PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[test]
fn a_file_gives_its_frames() {
    let (_folder, path) = written("a.jsonl.zst", &file(1, 3).concat());
    assert_eq!(read(&path, TimeRange::ALL), ["1", "2", "3"]);
}

#[test]
fn a_directory_gives_its_recordings_by_name() {
    let folder = TempDir::new().unwrap();
    for (name, first) in [
        ("run-2.jsonl.zst", 20),
        ("run-1.jsonl.zst", 10),
        ("c.txt", 30),
    ] {
        fs::write(folder.path().join(name), file(first, 2).concat()).unwrap();
    }
    fs::create_dir(folder.path().join("d.jsonl.zst")).unwrap();
    assert_eq!(
        read(folder.path(), TimeRange::ALL),
        ["10", "11", "20", "21"]
    );
    assert_eq!(read(folder.path(), since(21)), ["20", "21"]);
}

#[test]
fn a_late_time_begins_at_the_checkpoint() {
    let (_folder, path) = written("a.jsonl.zst", &file(1, 6).concat());
    assert_eq!(read(&path, since(5)), ["header 1", "4", "5", "6"]);
    let range = TimeRange {
        since_ns: 2,
        until_ns: 3,
    };
    assert_eq!(read(&path, range), ["1", "2", "3"]);
    assert!(read(&path, since(7)).is_empty());
}

#[test]
fn what_cannot_be_opened_is_an_error() {
    let folder = TempDir::new().unwrap();
    let error = Input::open(&folder.path().join("none")).unwrap_err();
    assert!(
        format!("{error:#}").starts_with("cannot open /"),
        "{error:#}"
    );
    let error = Input::open(folder.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("there is no recording (*.jsonl.zst) in /")
    );
}

#[test]
fn damage_is_told_with_its_place() {
    let mut frames = file(1, 3);
    *frames[1].last_mut().unwrap() ^= 1;
    let bytes = frames.concat();
    let (_folder, path) = written("a b.jsonl.zst", &bytes[..bytes.len() - 5]);
    let parts = read(&path, TimeRange::ALL);
    let (second, third) = (frames[0].len(), frames[0].len() + frames[1].len());
    assert_eq!(parts.len(), 3);
    assert_eq!(parts[0], "1");
    assert!(parts[1].ends_with(&format!(
        "a b.jsonl.zst': at byte {second}, {} bytes were skipped: a frame is damaged",
        frames[1].len(),
    )));
    assert!(parts[2].ends_with(&format!(
        "a b.jsonl.zst' ends in the middle of a frame: its last {} bytes are lost, from byte \
         {third} on; the recorder was killed, or the file was cut",
        frames[2].len() - 5,
    )));
}

/// The files of each run are an input of their own.
#[test]
fn runs_in_a_directory() {
    let folder = TempDir::new().unwrap();
    for name in [
        "x-1-2.jsonl.zst",
        "x-1-1.jsonl.zst",
        "x-2-1.jsonl.zst",
        "y.jsonl.zst",
    ] {
        fs::write(folder.path().join(name), file(1, 1).concat()).unwrap();
    }
    let inputs = Input::open(folder.path()).unwrap();
    let files: Vec<usize> = inputs.iter().map(|input| input.sources().len()).collect();
    assert_eq!(files, [2, 1, 1]);
}

#[test]
fn a_newer_file_is_refused_and_the_next_one_is_read() {
    let folder = TempDir::new().unwrap();
    let mut newer = file(1, 2).concat();
    newer[16] = 2;
    let sum = crc32fast::hash(&newer[..84]).to_le_bytes();
    newer[84..88].copy_from_slice(&sum);
    fs::write(folder.path().join("run-1.jsonl.zst"), newer).unwrap();
    fs::write(folder.path().join("run-2.jsonl.zst"), file(5, 1).concat()).unwrap();
    for times in [TimeRange::ALL, since(0)] {
        let parts = read(folder.path(), times);
        let refused = "run-1.jsonl.zst: the frame at byte 0 has format 2, which is newer than 1; read \
                       it with a newer execsnoop";
        assert!(parts[0].ends_with(refused), "{}", parts[0]);
        assert_eq!(parts[1..], ["5"]);
    }
}

#[test]
fn a_pipe_is_read_as_it_comes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let writer = {
        let path = path.clone();
        std::thread::spawn(move || fs::write(path, file(1, 4).concat()))
    };
    assert_eq!(read(&path, since(4)), ["1", "2", "3", "4"]);
    writer.join().unwrap().unwrap();
}

#[test]
fn lines_without_compression_are_read() {
    let (_folder, path) = written("a.json", b"{\"type\":\"x\",\"time\":1}\n");
    assert_eq!(read(&path, since(4)), ["1"]);
}

#[test]
fn the_fraction_grows() {
    let (_folder, path) = written("a.jsonl.zst", &file(1, 4).concat());
    let mut blocks = open(&path, TimeRange::ALL);
    let mut before = 0.0;
    while let Next::Block(_) = blocks.next(LONG) {
        let now = blocks.fraction().unwrap();
        assert!(now > before && now <= 1.0);
        before = now;
    }
    assert_eq!(before, 1.0);
}
