//! Kernel packages by their names: which kernel each holds, and which of them are to be run.

use std::collections::BTreeMap;

/// A package with a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    /// What apt calls it.
    pub(crate) name: String,
    /// What its kernel calls itself (`uname -r`).
    pub(crate) release: String,
    /// `6.12`: what its developers maintain as package.
    pub(crate) series: (u32, u32),
    /// The distribution's release that it was built for, such as `deb13`; empty when the name tells
    /// none.
    build: String,
    /// All numbers of the release, for the order among packages of one series and build.
    numbers: Vec<u32>,
    /// From 6.19 on the kernel itself is in `linux-binary-*`, and `linux-image-*` only depends on
    /// it.
    binary: bool,
}

impl Package {
    /// Reads a line of `apt-cache search`: `NAME - DESCRIPTION`. Packages without a kernel give
    /// none.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (name, description) = line.split_once(" - ")?;
        if description.contains("meta-package") {
            return None;
        }
        let binary = name.starts_with("linux-binary-");
        let release = name
            .strip_prefix("linux-binary-")
            .or_else(|| name.strip_prefix("linux-image-"))?;
        let (version, build) = split_build(release);
        let numbers = numbers_of(&version);
        Some(Self {
            name: name.to_owned(),
            release: release.to_owned(),
            series: (*numbers.first()?, *numbers.get(1)?),
            build,
            numbers,
            binary,
        })
    }

    /// Whether `wanted` (`6.1`, `6.12.117`, a whole release) matches this package.
    pub(crate) fn answers_to(&self, wanted: &str) -> bool {
        self.release
            .strip_prefix(wanted)
            .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
    }
}

/// Takes the word `deb13` out of `6.12.90+deb13.1-cloud-amd64`: it is no part of the version.
fn split_build(release: &str) -> (String, String) {
    let Some(start) = release.find("deb") else {
        return (release.to_owned(), String::new());
    };
    let digits = release[start + 3..]
        .find(|c: char| !c.is_ascii_digit())
        .map_or(release.len(), |len| start + 3 + len);
    let version = [&release[..start], &release[digits..]].concat();
    (version, release[start..digits].to_owned())
}

/// Up to the flavour, whose name has digits as well (`amd64`).
fn numbers_of(version: &str) -> Vec<u32> {
    let end = version.find(|c: char| c.is_ascii_alphabetic());
    version[..end.unwrap_or(version.len())]
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// The newest of each series and build, oldest series first.
pub(crate) fn newest_of_each(packages: impl IntoIterator<Item = Package>) -> Vec<Package> {
    let mut newest: BTreeMap<_, Package> = BTreeMap::new();
    for package in packages {
        let key = (package.series, package.build.clone());
        let rank = |package: &Package| (package.numbers.clone(), package.binary);
        match newest.get(&key) {
            Some(known) if rank(known) >= rank(&package) => {}
            _ => drop(newest.insert(key, package)),
        }
    }
    newest.into_values().collect()
}

/// The long-term series of the distributions that people run, and the newest kernel there is.
pub(crate) fn quick_set(packages: &[Package]) -> Vec<Package> {
    let newest = packages.iter().map(|package| package.series).max();
    let wanted = [Some((5, 10)), Some((6, 1)), Some((6, 12)), newest];
    packages
        .iter()
        .filter(|package| wanted.contains(&Some(package.series)))
        .fold(Vec::new(), |mut chosen: Vec<Package>, package| {
            // One package per series: the newest build.
            match chosen
                .iter_mut()
                .find(|chosen| chosen.series == package.series)
            {
                Some(newest) if newest.numbers >= package.numbers => {}
                Some(newest) => *newest = package.clone(),
                None => chosen.push(package.clone()),
            }
            chosen
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Debian lists them.
    const LISTED: &str = "\
linux-image-5.10.0-30-cloud-amd64 - Linux 5.10 for x86-64 cloud (signed)
linux-image-5.10.0-46-cloud-amd64 - Linux 5.10 for x86-64 cloud (signed)
linux-image-6.1-cloud-amd64 - Linux for x86-64 cloud (meta-package)
linux-image-6.1.0-0.deb11.52-cloud-amd64 - Linux 6.1 for x86-64 cloud (signed)
linux-image-6.1.0-9-cloud-amd64 - Linux 6.1 for x86-64 cloud (signed)
linux-image-6.1.0-56-cloud-amd64 - Linux 6.1 for x86-64 cloud (signed)
linux-image-6.12.90+deb13-cloud-amd64 - Linux 6.12 for x86-64 cloud (signed)
linux-image-6.12.90+deb13.1-cloud-amd64 - Linux 6.12 for x86-64 cloud (signed)
linux-image-6.12.85+deb12-cloud-amd64 - Linux 6.12 for x86-64 cloud (signed)
linux-image-7.3-cloud-amd64 - Linux 7.3-rc7 for x86-64 cloud (kernel image)
linux-binary-7.3-cloud-amd64 - Linux 7.3-rc7 for x86-64 cloud (kernel image)
linux-binary-7.3.4+deb13-cloud-amd64 - Linux 7.3.4 for x86-64 cloud (kernel image)
linux-image-7.3.4+deb13-cloud-amd64 - Linux 7.3.4 for x86-64 cloud
linux-perf - Performance analysis tools for Linux (meta-package)
";

    fn listed() -> Vec<Package> {
        newest_of_each(LISTED.lines().filter_map(Package::parse))
    }

    fn names(packages: &[Package]) -> Vec<&str> {
        packages
            .iter()
            .map(|package| package.name.as_str())
            .collect()
    }

    #[test]
    fn the_newest_of_each_series_and_build_by_number_not_by_letter() {
        let expected = [
            "linux-image-5.10.0-46-cloud-amd64",
            "linux-image-6.1.0-56-cloud-amd64",
            "linux-image-6.1.0-0.deb11.52-cloud-amd64",
            "linux-image-6.12.85+deb12-cloud-amd64",
            "linux-image-6.12.90+deb13.1-cloud-amd64",
            "linux-binary-7.3-cloud-amd64",
            "linux-binary-7.3.4+deb13-cloud-amd64",
        ];
        assert_eq!(names(&listed()), expected);
    }

    #[test]
    fn the_quick_set_is_one_kernel_of_four_series() {
        let expected = [
            "linux-image-5.10.0-46-cloud-amd64",
            "linux-image-6.1.0-56-cloud-amd64",
            "linux-image-6.12.90+deb13.1-cloud-amd64",
            "linux-binary-7.3.4+deb13-cloud-amd64",
        ];
        assert_eq!(names(&quick_set(&listed())), expected);
    }

    #[test]
    fn a_kernel_answers_to_its_series_but_not_to_a_shorter_number() {
        let all = listed();
        let answering = |wanted| {
            all.iter()
                .filter(|package| package.answers_to(wanted))
                .count()
        };
        assert_eq!(answering("6.1"), 2);
        assert_eq!(answering("6.12"), 2);
        assert_eq!(answering("6.12.90"), 1);
        assert_eq!(answering("6.1.0-56-cloud-amd64"), 1);
        assert_eq!(answering("6"), 4);
        assert_eq!(answering("4.19"), 0);
    }

    #[test]
    fn what_is_no_kernel_is_none() {
        for line in [
            "",
            "linux-image-cloud-amd64 - Linux",
            "linux-image-6.1.0-56",
            "qemu - x",
        ] {
            assert_eq!(Package::parse(line), None, "{line}");
        }
    }
}
