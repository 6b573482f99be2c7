//! Fetches packages with apt, by a configuration of our own: from the machine's own package source,
//! but from more releases than the machine itself follows. Nothing is installed, and no root is
//! needed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;

use super::package::Package;
use crate::process::run::output_of;

/// Where Debian keeps kernels of many series.
const RELEASES: [&str; 8] = [
    "bullseye",
    "bookworm",
    "bookworm-backports",
    "trixie",
    "trixie-backports",
    "forky",
    "sid",
    "experimental",
];
const SECURITY_RELEASES: [&str; 3] = ["bullseye-security", "bookworm-security", "trixie-security"];

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Lists of packages that are younger than this will do.
const FRESH: Duration = Duration::from_secs(12 * 3600);

/// apt with a configuration of its own, in a directory of its own.
#[derive(Debug)]
pub(crate) struct Apt {
    dir: PathBuf,
}

/// Where the machine's own packages come from.
#[derive(Debug, PartialEq, Eq)]
struct Sites {
    main: String,
    security: Option<String>,
}

impl Apt {
    /// Sets it up in `dir`, and fetches the lists of packages unless those that are there are
    /// fresh.
    pub(crate) fn set_up(dir: &Path) -> Result<Self> {
        let apt = Self {
            dir: dir.to_owned(),
        };
        if !apt.is_fresh() {
            apt.configure()?;
            apt.update()?;
        }
        Ok(apt)
    }

    /// All kernels of the flavour for virtual machines: they boot fastest.
    pub(crate) fn kernels(&self) -> Result<Vec<Package>> {
        let pattern = format!("^linux-(image|binary)-[0-9].*-cloud-{}$", architecture()?);
        let listed = output_of(
            self.run("apt-cache")
                .args(["search", "--names-only", &pattern]),
        )?;
        let kernels: Vec<_> = listed.lines().filter_map(Package::parse).collect();
        ensure!(
            !kernels.is_empty(),
            "the package source has no kernels of the flavour 'cloud'"
        );
        Ok(kernels)
    }

    /// The versions of packages, by name.
    pub(crate) fn versions(&self, packages: &[Package]) -> Result<BTreeMap<String, String>> {
        let mut show = self.run("apt-cache");
        show.args(["show", "--no-all-versions"])
            .args(packages.iter().map(|package| &package.name));
        Ok(parse_versions(&output_of(&mut show)?))
    }

    /// Downloads a package and unpacks its kernel, and nothing else of it, into `dir`.
    pub(crate) fn unpack_kernel(&self, package: &Package, dir: &Path) -> Result<()> {
        let mut download = self.run("apt-get");
        download
            .args(["-q", "download", &package.name])
            .current_dir(dir);
        output_of(&mut download)?;
        let deb = only_file(dir, "deb")?;
        let script = "dpkg-deb --fsys-tarfile \"$1\" | tar -x -C \"$2\" --wildcards '*/vmlinuz*'";
        let mut unpack = Command::new("sh");
        unpack.args(["-c", script, "sh"]).arg(&deb).arg(dir);
        output_of(&mut unpack)?;
        Ok(())
    }

    fn run(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("APT_CONFIG", self.dir.join("apt.conf"))
            .env("LC_ALL", "C");
        command
    }

    fn is_fresh(&self) -> bool {
        let fetched = fs::metadata(self.dir.join("fetched")).and_then(|meta| meta.modified());
        fetched.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < FRESH))
    }

    fn configure(&self) -> Result<()> {
        for dir in ["lists/partial", "archives/partial", "etc"] {
            fs::create_dir_all(self.dir.join(dir)).context("no place for apt's files")?;
        }
        fs::write(self.dir.join("status"), "")?;
        fs::write(self.dir.join("apt.conf"), configuration(&self.dir))?;
        let sites = Sites::find(&self.dir)?;
        fs::write(self.dir.join("sources.list"), sites.source_list())?;
        Ok(())
    }

    /// A release that is not there must not stop the others.
    fn update(&self) -> Result<()> {
        eprintln!("xtask: fetching the lists of kernel packages");
        match output_of(self.run("apt-get").args(["-q", "update"])) {
            Ok(_) => {}
            Err(error) if self.kernels().is_ok() => {
                eprintln!("xtask: not all lists could be fetched: {error:#}");
            }
            Err(error) => return Err(error),
        }
        fs::write(self.dir.join("fetched"), "").context("apt's directory is not writable")
    }
}

impl Sites {
    /// The system's own package sources, in either format. apt does not report them before its
    /// lists were fetched, so the lists are fetched into a directory of their own.
    fn find(dir: &Path) -> Result<Self> {
        if let Some(sites) = Self::parse(&index_targets(&[])?) {
            return Ok(sites);
        }
        let own = dir.join("own");
        fs::create_dir_all(own.join("partial"))?;
        let aside = [
            "-o".to_owned(),
            format!("Dir::State::lists={}", own.display()),
        ];
        output_of(Command::new("apt-get").args(&aside).args(["-q", "update"]))?;
        match Self::parse(&index_targets(&aside)?) {
            Some(sites) => Ok(sites),
            None => {
                bail!("this machine's packages do not come from Debian, whose kernels are used")
            }
        }
    }

    fn parse(targets: &str) -> Option<Self> {
        let targets = targets
            .lines()
            .filter_map(|line| line.strip_prefix("Debian "));
        let (security, main): (Vec<_>, Vec<_>) = targets
            .filter_map(|target| target.split_once(' '))
            .partition(|(release, _)| release.ends_with("-security"));
        let site = |found: Vec<(&str, &str)>| Some(found.first()?.1.to_owned());
        Some(Self {
            main: site(main)?,
            security: site(security),
        })
    }

    fn source_list(&self) -> String {
        let main = RELEASES.map(|release| (&self.main, release));
        let security = self.security.iter();
        let security = security.flat_map(|site| SECURITY_RELEASES.map(|release| (site, release)));
        main.into_iter()
            .chain(security)
            .map(|(site, release)| format!("deb {}{site} {release} main\n", signed_by()))
            .collect()
    }
}

fn index_targets(options: &[String]) -> Result<String> {
    output_of(Command::new("apt-get").args(options).args([
        "indextargets",
        "--format",
        "$(ORIGIN) $(RELEASE) $(REPO_URI)",
        "Created-By: Packages",
    ]))
}

/// The machine's keys may be those of its own release alone.
fn signed_by() -> String {
    match Path::new(KEYRING).exists() {
        true => format!("[signed-by={KEYRING}] "),
        false => String::new(),
    }
}

fn configuration(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "Dir::State \"{dir}\";\nDir::State::status \"{dir}/status\";\nDir::State::lists \"{dir}/lists\";\n\
         Dir::Cache \"{dir}\";\nDir::Cache::archives \"{dir}/archives\";\n\
         Dir::Etc::sourcelist \"{dir}/sources.list\";\nDir::Etc::sourceparts \"{dir}/etc\";\n\
         Dir::Etc::preferences \"/dev/null\";\nDir::Etc::preferencesparts \"{dir}/etc\";\n\
         Acquire::Languages \"none\";\nAPT::Sandbox::User \"\";\n\
         // Old releases are not signed again.\nAcquire::Check-Valid-Until \"false\";\n"
    )
}

fn architecture() -> Result<String> {
    let name = output_of(Command::new("dpkg").arg("--print-architecture"))?;
    Ok(name.trim().to_owned())
}

/// Reads the `Package:` and `Version:` lines of `apt-cache show`.
fn parse_versions(shown: &str) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    let mut package = None;
    for line in shown.lines() {
        if let Some(name) = line.strip_prefix("Package: ") {
            package = Some(name.to_owned());
        } else if let Some(version) = line.strip_prefix("Version: ")
            && let Some(name) = package.take()
        {
            versions.insert(name, version.to_owned());
        }
    }
    versions
}

fn only_file(dir: &Path, extension: &str) -> Result<PathBuf> {
    let file = fs::read_dir(dir)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|suffix| suffix == extension));
    file.with_context(|| format!("apt-get has left no .{extension} file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGETS: &str = "\
Debian bookworm mirror:/debian/
Debian bookworm-updates mirror:/debian/
Debian bookworm-security mirror:/debian-security/
Somebody stable elsewhere:/packages/
";

    #[test]
    fn the_machines_own_sites_are_used_and_nobody_elses() {
        let sites = Sites::parse(TARGETS).unwrap();
        assert_eq!(sites.main, "mirror:/debian/");
        assert_eq!(sites.security.as_deref(), Some("mirror:/debian-security/"));
        assert_eq!(Sites::parse("Ubuntu jammy mirror:/ubuntu/\n"), None);
        assert_eq!(Sites::parse(""), None);
    }

    #[test]
    fn each_release_is_looked_for_where_it_is() {
        let list = Sites::parse(TARGETS).unwrap().source_list();
        let count = |site: &str| list.lines().filter(|line| line.contains(site)).count();
        assert_eq!(count("mirror:/debian/ "), RELEASES.len());
        assert_eq!(count("mirror:/debian-security/ "), SECURITY_RELEASES.len());
    }

    #[test]
    fn versions_belong_to_packages() {
        let shown = "Package: a\nSource: x\nVersion: 1:2-3\n\nPackage: b\nVersion: 4~bpo13+1\n";
        let versions = parse_versions(shown);
        assert_eq!(versions["a"], "1:2-3");
        assert_eq!(versions["b"], "4~bpo13+1");
    }
}
