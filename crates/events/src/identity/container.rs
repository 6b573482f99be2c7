//! Containers and pods in the path of a cgroup.

use super::path::components;

/// A container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    id: Box<[u8]>,
    runtime: Option<Runtime>,
}

impl Container {
    /// Its id (64 hexadecimal digits for most runtimes), or its name where that is what identifies
    /// it (LXC, nspawn).
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// The runtime; `None` if the path does not show it, as in Kubernetes with plain cgroups
    /// (`/kubepods/pod…/ID` is the same for all of them).
    pub fn runtime(&self) -> Option<Runtime> {
        self.runtime
    }
}

/// What runs containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// Docker.
    Docker,
    /// containerd itself: Kubernetes by way of its CRI, nerdctl, ctr.
    Containerd,
    /// CRI-O.
    Crio,
    /// Podman.
    Podman,
    /// A step of an image's build, by BuildKit (`docker build`).
    Buildkit,
    /// LXC, and the programs built on it: LXD, Incus, Proxmox.
    Lxc,
    /// systemd-nspawn.
    Nspawn,
    /// Garden (Cloud Foundry, Concourse).
    Garden,
}

impl Runtime {
    /// Its name, as in OpenTelemetry's `container.runtime.name` for those that are named there.
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Containerd => "containerd",
            Self::Crio => "cri-o",
            Self::Podman => "podman",
            Self::Buildkit => "buildkit",
            Self::Lxc => "lxc",
            Self::Nspawn => "systemd-nspawn",
            Self::Garden => "garden",
        }
    }
}

/// The prefixes of ids, in a systemd scope or in a plain cgroup.
const PREFIXES: [(&[u8], Runtime); 6] = [
    (b"docker-", Runtime::Docker),
    (b"cri-containerd-", Runtime::Containerd),
    (b"nerdctl-", Runtime::Containerd),
    (b"crio-", Runtime::Crio),
    (b"libpod-", Runtime::Podman),
    (b"libpod-payload-", Runtime::Podman), // podman run --cgroups=split
];

/// The cgroup right above the ids.
const PARENTS: [(&[u8], Runtime); 5] = [
    (b"docker", Runtime::Docker),
    (b"default", Runtime::Containerd),
    (b"k8s.io", Runtime::Containerd),
    (b"moby", Runtime::Docker),
    (b"garden", Runtime::Garden),
];

/// Machines that libvirt registers: not containers.
const VIRTUAL_MACHINES: [&[u8]; 4] = [b"qemu-", b"xen-", b"bhyve-", b"ch-"];

/// A path component and its surroundings.
struct PathComponent<'a> {
    name: &'a [u8],
    parent: &'a [u8],
    root: &'a [u8],
    depth: usize,
    next: Option<&'a [u8]>,
}

type RuleMatch = (Vec<u8>, Option<Runtime>);
type Rule = fn(&PathComponent<'_>) -> Option<RuleMatch>;

/// The first rule that recognizes a component decides.
const RULES: [Rule; 8] = [
    buildkit, prefixed, colons, fargate, plain, named, lxc, nspawn,
];

/// The containers, outermost first, and the innermost pod.
pub(super) fn find(path: &[u8]) -> (Vec<Container>, Option<String>) {
    let mut containers = Vec::new();
    let mut pod = None;
    let mut names = components(path).map(|(_, name)| name).peekable();
    let root = names.peek().copied().unwrap_or_default();
    let (mut parent, mut depth): (&[u8], _) = (b"", 0);
    while let Some(name) = names.next() {
        let cgroup = PathComponent {
            name,
            parent,
            root,
            depth,
            next: names.peek().copied(),
        };
        pod = pod_uid(name).or(pod);
        containers.extend(container(&cgroup));
        (parent, depth) = (name, depth + 1);
    }
    (containers, pod)
}

fn container(cgroup: &PathComponent<'_>) -> Option<Container> {
    let (id, runtime) = RULES.iter().find_map(|rule| rule(cgroup))?;
    Some(Container {
        id: id.into(),
        runtime,
    })
}

/// `docker-ID.scope`, `crio-ID`. A monitor (`crio-conmon-ID.scope`) is outside its container.
fn prefixed(cgroup: &PathComponent<'_>) -> Option<RuleMatch> {
    let name = cgroup.name.strip_suffix(b".scope").unwrap_or(cgroup.name);
    let with = |&(prefix, runtime): &(&[u8], Runtime)| {
        let id = name.strip_prefix(prefix)?;
        is_full_id(id).then(|| (id.to_vec(), Some(runtime)))
    };
    PREFIXES.iter().find_map(with)
}

/// `kubepods-pod….slice:cri-containerd:ID`: systemd's notation, where runc does not use systemd.
fn colons(cgroup: &PathComponent<'_>) -> Option<RuleMatch> {
    let mut parts = cgroup.name.rsplitn(3, |&byte| byte == b':');
    let (id, prefix, slice) = (parts.next()?, parts.next()?, parts.next()?);
    let named = |(candidate, _): &&(&[u8], Runtime)| candidate.strip_suffix(b"-") == Some(prefix);
    let (_, runtime) = PREFIXES.iter().find(named)?;
    let fits = slice.ends_with(b".slice") && is_full_id(id);
    fits.then(|| (id.to_vec(), Some(*runtime)))
}

/// `docker/buildkit/ID`, or in systemd's form `docker-ID.scope` with an id of BuildKit's.
fn buildkit(cgroup: &PathComponent<'_>) -> Option<RuleMatch> {
    let scope = cgroup
        .name
        .strip_prefix(b"docker-")
        .and_then(|rest| rest.strip_suffix(b".scope"));
    let below = (cgroup.parent == b"buildkit").then_some(cgroup.name);
    let id = scope.or(below).filter(|id| is_buildkit_id(id))?;
    Some((id.to_vec(), Some(Runtime::Buildkit)))
}

/// `/ecs/TASK/TASK-NUMBER`: AWS Fargate.
fn fargate(cgroup: &PathComponent<'_>) -> Option<RuleMatch> {
    let (task, number) = cgroup.name.split_at_checked(32)?;
    let number = number.strip_prefix(b"-")?;
    let numbered = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    let fits = cgroup.root == b"ecs" && is_hex(task) && numbered;
    fits.then(|| (cgroup.name.to_vec(), None))
}

/// `docker/ID`, or an id below anything else, such as `kubepods/burstable/podUID/ID`.
fn plain(cgroup: &PathComponent<'_>) -> Option<RuleMatch> {
    // A podman pod has such an id too, and the cgroup of an LXC monitor may have one.
    let foreign_parents = [
        &b"libpod_parent"[..],
        b"lxc.monitor",
        b"lxc",
        b"lxc.payload",
    ];
    if !is_full_id(cgroup.name) || foreign_parents.contains(&cgroup.parent) {
        return None;
    }
    let ecs = (cgroup.root == b"ecs").then_some(Runtime::Docker);
    Some((cgroup.name.to_vec(), above(cgroup).or(ecs)))
}

/// Ids that are not 64 digits, where the parent alone says what they are.
fn named(cgroup: &PathComponent<'_>) -> Option<RuleMatch> {
    let runtime = above(cgroup)?;
    let fits = match runtime {
        Runtime::Garden => is_garden_id(cgroup.name),
        // `ctr run IMAGE NAME`; a "default" elsewhere can belong to any program.
        Runtime::Containerd => cgroup.depth == 1 && is_containerd_id(cgroup.name),
        _ => false,
    };
    fits.then(|| (cgroup.name.to_vec(), Some(runtime)))
}

/// `/lxc/NAME`, `/lxc.payload/NAME`, `/lxc.payload.NAME`. (`lxc.monitor…` is outside.)
fn lxc(cgroup: &PathComponent<'_>) -> Option<RuleMatch> {
    let below = [&b"lxc"[..], b"lxc.payload"].contains(&cgroup.parent);
    let name = match cgroup.name.strip_prefix(b"lxc.payload.") {
        Some(name) => name,
        None if below => cgroup.name,
        None => return None,
    };
    (!name.is_empty()).then(|| (name.to_vec(), Some(Runtime::Lxc)))
}

/// `systemd-nspawn@NAME.service/payload`, `machine.slice/machine-NAME.scope`. The supervisor's
/// cgroup beside the payload is outside.
fn nspawn(cgroup: &PathComponent<'_>) -> Option<RuleMatch> {
    let name = unescaped(nspawn_service(cgroup).or_else(|| machine(cgroup))?);
    let outside = cgroup.next == Some(b"supervisor");
    if outside
        || name.is_empty()
        || VIRTUAL_MACHINES
            .iter()
            .any(|prefix| name.starts_with(prefix))
    {
        return None;
    }
    let libvirt = name.starts_with(b"lxc-"); // libvirt's own kind of container, created without LXC
    Some((name, (!libvirt).then_some(Runtime::Nspawn)))
}

fn nspawn_service<'a>(cgroup: &PathComponent<'a>) -> Option<&'a [u8]> {
    let rest = cgroup.name.strip_prefix(b"systemd-nspawn@")?;
    rest.strip_suffix(b".service")
}

fn machine<'a>(cgroup: &PathComponent<'a>) -> Option<&'a [u8]> {
    let rest = cgroup.name.strip_prefix(b"machine-")?;
    let name = rest.strip_suffix(b".scope")?;
    let slice = cgroup.parent == b"machine.slice" || cgroup.parent.starts_with(b"machine-");
    slice.then_some(name)
}

fn above(cgroup: &PathComponent<'_>) -> Option<Runtime> {
    let is_parent = |(name, _): &&(&[u8], Runtime)| *name == cgroup.parent;
    PARENTS.iter().find(is_parent).map(|&(_, runtime)| runtime)
}

/// The uid in `podUID` or in `kubepods-burstable-podUID.slice`. In a slice the dashes of the uid
/// are underscores, because systemd gives dashes a meaning.
fn pod_uid(name: &[u8]) -> Option<String> {
    let name = name.split(|&byte| byte == b':').next()?;
    let uid = match name.strip_suffix(b".slice") {
        Some(stem) => stem.rsplit(|&byte| byte == b'-').next()?,
        None => name,
    };
    let uid = String::from_utf8(uid.strip_prefix(b"pod")?.to_vec()).ok()?;
    let uid = uid.replace('_', "-");
    let fits = is_uuid(uid.as_bytes()) || (uid.len() == 32 && is_hex(uid.as_bytes()));
    fits.then_some(uid)
}

/// systemd escapes special characters in unit names, for example as `\x2d`.
pub(super) fn unescaped(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&first, tail)) = rest.split_first() {
        let escape = escape(rest);
        out.push(escape.unwrap_or(first));
        rest = escape.map_or(tail, |_| &rest[4..]);
    }
    out
}

/// The byte that is encoded by a `\x2d` at the beginning.
fn escape(bytes: &[u8]) -> Option<u8> {
    let digits = bytes.strip_prefix(b"\\x")?.get(..2)?;
    let all = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| all)?;
    u8::from_str_radix(digits, 16).ok()
}

/// 64 hexadecimal digits.
pub(super) fn is_full_id(id: &[u8]) -> bool {
    id.len() == 64 && is_hex(id)
}

/// 25 digits of base 36.
fn is_buildkit_id(id: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    id.len() == 25 && id.iter().all(digit)
}

/// A uuid, or one that is cut off (8-4-4-4-4), as Garden makes them.
fn is_garden_id(id: &[u8]) -> bool {
    is_uuid(id) || (id.len() == 28 && groups(id, &[8, 4, 4, 4, 4]))
}

/// The ids that containerd allows, except names of units.
fn is_containerd_id(id: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let starts = id.first().is_some_and(u8::is_ascii_alphanumeric);
    starts && id.len() <= 76 && id.iter().all(allowed) && !super::systemd::has_type(id)
}

fn is_uuid(id: &[u8]) -> bool {
    groups(id, &[8, 4, 4, 4, 12])
}

/// Whether this is groups of digits of these lengths, with dashes between them.
fn groups(id: &[u8], lengths: &[usize]) -> bool {
    let group = |(part, &len): (&[u8], &usize)| part.len() == len && is_hex(part);
    let parts = id.split(|&byte| byte == b'-');
    parts.clone().count() == lengths.len() && parts.zip(lengths).all(group)
}

/// Hexadecimal digits in lower case, as all runtimes write them.
fn is_hex(digits: &[u8]) -> bool {
    digits
        .iter()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
