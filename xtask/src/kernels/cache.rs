//! Where kernels are kept between runs: outside the tree, since `cargo clean` is no reason to fetch
//! them again.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use super::apt::Apt;
use super::package::Package;

/// A kernel that can be booted.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    pub(crate) package: Package,
    /// The package's version.
    pub(crate) version: String,
    pub(crate) image: PathBuf,
}

/// `$XDG_CACHE_HOME/execsnoop-kernels`, or that below `~/.cache`.
pub(crate) fn default_dir() -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
    let cache =
        cache.context("neither XDG_CACHE_HOME nor HOME is set: say where with --cache DIR")?;
    Ok(cache.join("execsnoop-kernels"))
}

/// The kernels of these packages, fetched unless they are there; and the packages that the source
/// lists and does not serve, which happens.
pub(crate) fn kernels(
    apt: &Apt,
    dir: &Path,
    packages: &[Package],
) -> Result<(Vec<Kernel>, Vec<Package>)> {
    let versions = apt.versions(packages)?;
    let (mut kernels, mut missing) = (Vec::new(), Vec::new());
    for package in packages {
        let version = versions
            .get(&package.name)
            .with_context(|| format!("apt knows no version of {}", package.name))?;
        match image(apt, dir, package, version) {
            Ok(image) => kernels.push(Kernel {
                package: package.clone(),
                version: version.clone(),
                image,
            }),
            Err(error) => {
                eprintln!("xtask: {} could not be fetched: {error:#}", package.name);
                missing.push(package.clone());
            }
        }
    }
    Ok((kernels, missing))
}

/// A series of which nothing could be fetched.
pub(crate) fn uncovered(kernels: &[Kernel], missing: &[Package]) -> Option<(u32, u32)> {
    let covered = |series| kernels.iter().any(|kernel| kernel.package.series == series);
    missing
        .iter()
        .map(|package| package.series)
        .find(|series| !covered(*series))
}

fn image(apt: &Apt, dir: &Path, package: &Package, version: &str) -> Result<PathBuf> {
    let image = dir.join(format!("vmlinuz-{}_{version}", package.release));
    if !image.exists() {
        eprintln!("xtask: fetching {} {version}", package.name);
        let unpacked = tempfile::tempdir_in(dir).context("the cache is not writable")?;
        apt.unpack_kernel(package, unpacked.path())?;
        fs::rename(find_image(unpacked.path())?, &image)?;
        forget_older(dir, package, &image)?;
    }
    Ok(image)
}

/// `/boot/vmlinuz-*`, from 7.2 on `/usr/lib/modules/*/vmlinuz`.
fn find_image(unpacked: &Path) -> Result<PathBuf> {
    let dirs = [
        unpacked.join("boot"),
        unpacked.join("usr/lib/modules"),
        unpacked.join("lib/modules"),
    ];
    let images: Vec<PathBuf> = dirs
        .iter()
        .flat_map(|dir| entries(dir))
        .flat_map(|entry| [entry.join("vmlinuz"), entry])
        .filter(|path| is_image(path))
        .collect();
    ensure!(
        images.len() == 1,
        "a package with {} kernels: {images:?}",
        images.len()
    );
    Ok(images[0].clone())
}

fn is_image(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with("vmlinuz") && path.is_file()
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

/// Other versions of the same package will not be booted again.
fn forget_older(dir: &Path, package: &Package, image: &Path) -> Result<()> {
    let prefix = format!("vmlinuz-{}_", package.release);
    for path in entries(dir) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&prefix) && path != image {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package_with(file: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        dir
    }

    #[test]
    fn the_image_is_found_wherever_the_series_has_it() {
        for file in [
            "boot/vmlinuz-6.1.0-56-cloud-amd64",
            "usr/lib/modules/7.3.4/vmlinuz",
        ] {
            let dir = package_with(file);
            assert_eq!(find_image(dir.path()).unwrap(), dir.path().join(file));
        }
    }

    #[test]
    fn a_series_is_covered_by_any_of_its_packages() {
        let package = |release: &str| {
            Package::parse(&format!("linux-image-{release}-cloud-amd64 - Linux")).unwrap()
        };
        let kernels = [Kernel {
            package: package("6.1.0-56"),
            version: String::new(),
            image: PathBuf::new(),
        }];
        assert_eq!(uncovered(&kernels, &[package("6.1.0-0.deb11.52")]), None);
        assert_eq!(
            uncovered(&kernels, &[package("6.16.3+deb13")]),
            Some((6, 16))
        );
        assert_eq!(uncovered(&kernels, &[]), None);
    }

    #[test]
    fn a_package_without_a_kernel_is_an_error() {
        let dir = package_with("boot/System.map-6.1");
        assert!(find_image(dir.path()).is_err());
    }
}
