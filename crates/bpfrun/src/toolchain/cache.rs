//! Objects that were compiled before.
//!
//! An entry is found by what is known without a compiler: the source, the options, the kernel's
//! types. It holds what else entered (headers, tracepoint formats, which compiler it was), and
//! counts only as long as all that is as it was. A compiler that is gone does not matter: none is
//! needed.
//!
//! What is found here is run in the kernel with all rights. So the directory and what is in it must
//! belong to the user, and no other user may write to them or put others in their place; otherwise
//! there is no cache.

use crate::compile_options::Dialect;
use std::ffi::OsStr;
use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use nix::fcntl::OFlag;
use nix::unistd::Uid;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

/// What all entries together may take.
const ROOM: u64 = 64 << 20;

/// No entry is larger.
const LARGEST: u64 = 16 << 20;

/// What the names of entries begin with that are being written.
const UNFINISHED: &str = "new-";

/// The length of a checksum.
const SUM: usize = 32;

/// A directory of entries that may be trusted.
#[derive(Debug)]
pub(crate) struct Cache {
    directory: PathBuf,
}

/// What is kept of a compilation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Files that entered, with the checksum of what they said; empty for one that was not there.
    pub inputs: Vec<(PathBuf, String)>,
    /// Which compiler it was.
    pub compiler: Option<String>,
    pub dialect: Dialect,
    pub c: String,
    pub vmlinux: String,
    pub warnings: String,
    #[serde(skip)]
    pub object: Vec<u8>,
}

impl Cache {
    /// Opens the user's cache, making it when it is not there.
    ///
    /// Fails with a sentence when it cannot be trusted.
    pub fn open() -> Result<Self, String> {
        let directory = directory().ok_or("there is no home directory for a cache")?;
        let whole = std::path::absolute(&directory).unwrap_or_else(|_| directory.clone());
        trust_way(&directory, &whole)?;
        make(&directory).map_err(|error| unusable(&directory, &error.to_string()))?;
        trust(&directory)?;
        let real = fs::canonicalize(&directory);
        trust_way(
            &directory,
            &real.map_err(|error| unusable(&directory, &error.to_string()))?,
        )?;
        // The user may name a directory that holds other things.
        let entries = directory.join("objects");
        make(&entries).map_err(|error| unusable(&entries, &error.to_string()))?;
        trust(&entries)?;
        Ok(Self { directory: entries })
    }

    /// An entry that is whole and still true.
    pub fn find(&self, key: &str, compiler: Option<&str>) -> Option<Entry> {
        let path = self.directory.join(key);
        let entry = unpack(&read(&path)?)?;
        let same_compiler = compiler.is_none() || entry.compiler.as_deref() == compiler;
        if !same_compiler || !entry.inputs.iter().all(is_unchanged) {
            return None;
        }
        touch(&path);
        Some(entry)
    }

    /// Keeps an entry. A full disk or the like only means that it is not kept.
    pub fn keep(&self, key: &str, entry: &Entry) {
        let Some(bytes) = pack(entry).filter(|bytes| bytes.len() as u64 <= LARGEST) else {
            return;
        };
        let kept = self.write(key, &bytes);
        if kept.is_ok() {
            self.evict();
        }
    }

    /// Others see a whole entry or none.
    fn write(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.directory)?;
        file.write_all(bytes)?;
        file.persist(self.directory.join(key))?;
        Ok(())
    }

    /// Drops what was longest unused until all fits.
    fn evict(&self) {
        let mut entries = self.entries();
        entries.sort_by_key(|(used, _, _)| *used);
        let mut total: u64 = entries.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in entries {
            if total <= ROOM {
                break;
            }
            if fs::remove_file(path).is_ok() {
                total -= size;
            }
        }
    }

    /// What this cache has written: nothing else is touched, wherever it may lie.
    fn entries(&self) -> Vec<(SystemTime, u64, PathBuf)> {
        let files = fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten();
        files
            .filter(|file| is_own(&file.file_name()))
            .filter_map(|file| {
                let data = file.metadata().ok()?;
                Some((data.modified().ok()?, data.len(), file.path()))
            })
            .collect()
    }
}

/// Whether a file has a name that only this cache gives.
fn is_own(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let is_key = name.len() == 2 * SUM && name.iter().all(u8::is_ascii_hexdigit);
    is_key || name.starts_with(UNFINISHED.as_bytes())
}

/// The directory `BPFRUN_CACHE` names, else the system's for root and the user's for others.
fn directory() -> Option<PathBuf> {
    let named = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    named("BPFRUN_CACHE").or_else(|| {
        if Uid::effective().is_root() {
            return Some(PathBuf::from("/var/cache/bpfrun"));
        }
        let home = || named("HOME").map(|home| home.join(".cache"));
        let base = named("XDG_CACHE_HOME")
            .filter(|path| path.is_absolute())
            .or_else(home);
        base.map(|base| base.join("bpfrun"))
    })
}

fn make(directory: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// Whether no other user can add or change anything there.
fn trust(directory: &Path) -> Result<(), String> {
    let data =
        fs::symlink_metadata(directory).map_err(|error| unusable(directory, &error.to_string()))?;
    if !data.is_dir() {
        return Err(unusable(
            directory,
            "it is not a directory but a link or a file",
        ));
    }
    if data.uid() != Uid::effective().as_raw() {
        return Err(unusable(directory, "it belongs to somebody else"));
    }
    if data.mode() & 0o022 != 0 {
        return Err(unusable(
            directory,
            "others may write to it (chmod go-w would mend that)",
        ));
    }
    Ok(())
}

/// Whether no other user can put another directory in the place of one on the way to it.
fn trust_way(directory: &Path, way: &Path) -> Result<(), String> {
    let is_bad =
        |place: &&Path| fs::symlink_metadata(place).is_ok_and(|data| is_replaceable(&data));
    match way.ancestors().skip(1).find(is_bad) {
        Some(place) => {
            let why = format!("others can replace what is in {}", place.display());
            Err(unusable(directory, &why))
        }
        None => Ok(()),
    }
}

/// Whether other users can rename what is in a directory, or made a link.
fn is_replaceable(data: &fs::Metadata) -> bool {
    let is_own = [0, Uid::effective().as_raw()].contains(&data.uid());
    let is_open = data.is_dir() && data.mode() & 0o1002 == 0o002;
    !is_own || is_open
}

fn unusable(directory: &Path, why: &str) -> String {
    format!(
        "the cache in {} is not used: {why}; BPFRUN_CACHE names another directory",
        directory.display()
    )
}

/// A file of the user's own; links are not followed.
fn read(path: &Path) -> Option<Vec<u8>> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(path)
        .ok()?;
    let data = file.metadata().ok()?;
    let own = data.uid() == Uid::effective().as_raw() && data.mode() & 0o022 == 0;
    let mut bytes = Vec::new();
    (data.is_file() && own).then_some(())?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The time of change is the time of use.
fn touch(path: &Path) {
    let file = File::options().append(true).open(path);
    let _ = file.and_then(|file| file.set_modified(SystemTime::now())); // it is only dropped earlier
}

/// Whether a file still says what it said when its checksum was taken.
pub(crate) fn is_unchanged((path, sum): &(PathBuf, String)) -> bool {
    sum_of_file(path) == *sum
}

/// The checksum of a file, empty for one that cannot be read.
pub(crate) fn sum_of_file(path: &Path) -> String {
    fs::read(path).map(|text| sum(&text)).unwrap_or_default()
}

/// The checksum of what a file said.
pub(crate) fn sum(text: &[u8]) -> String {
    hex(&Sha256::digest(text))
}

/// A key for all these parts, each kept apart from the next.
pub(crate) fn key<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> String {
    let mut sum = Sha256::new();
    for part in parts {
        sum.update((part.len() as u64).to_le_bytes());
        sum.update(part);
    }
    hex(&sum.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A checksum, the length of what is known, that as JSON, the object.
fn pack(entry: &Entry) -> Option<Vec<u8>> {
    let known = serde_json::to_vec(entry).ok()?;
    let length = u64::try_from(known.len()).ok()?.to_le_bytes();
    let body = [&length, known.as_slice(), &entry.object].concat();
    Some([Sha256::digest(&body).as_slice(), &body].concat())
}

fn unpack(bytes: &[u8]) -> Option<Entry> {
    let (sum, body) = bytes.split_at_checked(SUM)?;
    if Sha256::digest(body).as_slice() != sum {
        return None;
    }
    let (length, rest) = body.split_at_checked(8)?;
    let length = u64::from_le_bytes(length.try_into().ok()?);
    let (known, object) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let entry: Entry = serde_json::from_slice(known).ok()?;
    Some(Entry {
        object: object.to_vec(),
        ..entry
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::fs::symlink;

    use super::*;

    fn entry() -> Entry {
        Entry {
            inputs: Vec::new(),
            compiler: Some("clang 1".to_owned()),
            dialect: Dialect::Bcc,
            c: "int x;".to_owned(),
            vmlinux: String::new(),
            warnings: String::new(),
            object: vec![0x7f, 0, 0xff],
        }
    }

    fn cache() -> (tempfile::TempDir, Cache) {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().to_owned();
        (place, Cache { directory })
    }

    #[test]
    fn what_is_kept_is_found() {
        let (_place, cache) = cache();
        cache.keep("k", &entry());
        let found = cache.find("k", Some("clang 1")).unwrap();
        assert_eq!(
            (found.object, found.c.as_str()),
            (vec![0x7f, 0, 0xff], "int x;")
        );
        assert!(cache.find("other", None).is_none());
    }

    #[test]
    fn another_compiler_means_another_object_but_none_is_no_matter() {
        let (_place, cache) = cache();
        cache.keep("k", &entry());
        assert!(cache.find("k", Some("clang 2")).is_none());
        assert!(cache.find("k", None).is_some());
    }

    #[test]
    fn a_changed_input_or_one_that_came_to_be_is_noticed() {
        let (place, cache) = cache();
        let (header, later) = (place.path().join("a.h"), place.path().join("b.h"));
        fs::write(&header, "1").unwrap();
        let inputs = [&header, &later].map(|path| (path.clone(), sum_of_file(path)));
        let mut kept = entry();
        kept.inputs = inputs.to_vec();
        cache.keep("k", &kept);
        assert!(cache.find("k", None).is_some());
        fs::write(&later, "").unwrap();
        assert!(cache.find("k", None).is_none());
        fs::remove_file(&later).unwrap();
        fs::write(&header, "2").unwrap();
        assert!(cache.find("k", None).is_none());
    }

    #[test]
    fn a_broken_entry_is_none() {
        let whole = pack(&entry()).unwrap();
        assert!(unpack(&whole).is_some());
        for length in 0..whole.len() {
            assert!(unpack(&whole[..length]).is_none(), "cut at {length}");
        }
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] ^= 1;
            assert!(unpack(&broken).is_none(), "byte {at}");
        }
    }

    #[test]
    fn links_and_what_others_may_write_are_not_read() {
        let (place, cache) = cache();
        cache.keep("k", &entry());
        symlink(place.path().join("k"), place.path().join("link")).unwrap();
        assert!(cache.find("link", None).is_none());
        fs::set_permissions(place.path().join("k"), fs::Permissions::from_mode(0o666)).unwrap();
        assert!(cache.find("k", None).is_none());
    }

    #[test]
    fn a_directory_of_others_is_not_trusted() {
        let (place, cache) = cache();
        assert!(trust(&cache.directory).is_ok());
        let link = place.path().join("link");
        symlink(&cache.directory, &link).unwrap();
        assert!(trust(&link).unwrap_err().contains("link"));
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(
            trust(&cache.directory)
                .unwrap_err()
                .contains("others may write")
        );
    }

    fn name(number: u64) -> String {
        format!("{number:064x}")
    }

    #[test]
    fn files_of_others_are_never_dropped() {
        let (place, cache) = cache();
        let others = ["thesis.odt", "0", "new", &"g".repeat(64), &"a".repeat(63)];
        for name in others {
            let file = File::create(place.path().join(name)).unwrap();
            file.set_len(ROOM).unwrap();
        }
        for name in [name(1), "new-x".to_owned()] {
            let file = File::create(place.path().join(name)).unwrap();
            file.set_len(ROOM).unwrap();
        }
        cache.evict();
        assert!(others.iter().all(|name| place.path().join(name).exists()));
        assert_eq!(
            fs::read_dir(place.path()).unwrap().count(),
            others.len() + 1
        );
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let (place, cache) = cache();
        let large = vec![0_u8; 15 << 20];
        for number in 0..5_u64 {
            let path = place.path().join(name(number));
            fs::write(&path, &large).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number);
            File::options()
                .append(true)
                .open(&path)
                .unwrap()
                .set_modified(time)
                .unwrap();
        }
        cache.evict();
        let left: Vec<_> = (0..5)
            .filter(|n| place.path().join(name(*n)).exists())
            .collect();
        assert_eq!(left, [1, 2, 3, 4]);
    }

    #[test]
    fn parts_of_a_key_do_not_run_together() {
        assert_ne!(key([b"ab".as_slice(), b"c"]), key([b"a".as_slice(), b"bc"]));
    }
}
