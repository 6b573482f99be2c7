//! Paths as they are seen on real machines, paths that only look like them, and any bytes at all.

use proptest::prelude::*;

use super::*;

/// Ids of two containers; the uid of a pod, as a slice of systemd has it too; that of a static pod.
const A: &str = "3726184226f5d3147c25fdeab5b60097e378e8a720503a5e19ecfdf29f869860";
const B: &str = "9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d";
const POD: &str = "22fd933a-ee61-46bd-93ae-ebace73c1160";
const POD_: &str = "22fd933a_ee61_46bd_93ae_ebace73c1160";
const STATIC: &str = "5e9a8f2c1b7d4e3f8a6b0c9d2e1f4a7b";

/// What is expected: `path | unit | user unit | runtime | container | pod`, `-` for none, `?` for a
/// runtime that the path does not tell. `{A}` and so on stand for the constants.
const TABLE: &str = r"
# Services, sessions, users.
/ | - | - | - | - | -
/init.scope | init.scope | - | - | - | -
/system.slice/nginx.service | nginx.service | - | - | - | -
/system.slice/system-getty.slice/getty@tty5.service | getty@tty5.service | - | - | - | -
/system.slice/foobar.service/aaa/bbb | foobar.service | - | - | - | -
/system.slice/system-waldo.slice/_cpu.service/x | cpu.service | - | - | - | -
/system.slice/getty@.service | - | - | - | - | -
/system.slice/getty####@tty6.service/xxx | - | - | - | - | -
/system.slice/dbus.socket | dbus.socket | - | - | - | -
/system.slice/var-lib-docker.mount | var-lib-docker.mount | - | - | - | -
/system.slice/dev-zram0.swap | dev-zram0.swap | - | - | - | -
/user.slice/user-1000.slice/session-3.scope | session-3.scope | - | - | - | -
/user.slice/user-1000.slice/user@1000.service/init.scope | user@1000.service | init.scope | - | - | -
/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-4711.scope | user@1000.service | app-gnome-firefox-4711.scope | - | - | -
/user.slice/user-1000.slice/user@1000.service/session.slice/org.gnome.Shell@wayland.service | user@1000.service | org.gnome.Shell@wayland.service | - | - | -
/user.slice/user-1000.slice/user@1000.service/app.slice/app-flatpak-org.mozilla.firefox-1234.scope | user@1000.service | app-flatpak-org.mozilla.firefox-1234.scope | - | - | -
/user.slice/user-1000.slice/user@1000.service/app.slice/snap.code.code-b5c2ad64-7a1c-4c5e-a68d-9e1ae2b13c05.scope | user@1000.service | snap.code.code-b5c2ad64-7a1c-4c5e-a68d-9e1ae2b13c05.scope | - | - | -
/user.slice/user-1000.slice/user@1000.service | user@1000.service | - | - | - | -
/user.slice/user-1000.slice/user@.service/server.service | - | - | - | - | -
/user.slice/user-1000.slice/session-2.scope/foobar.service | session-2.scope | foobar.service | - | - | -
/session-2.scope/foobar@pie.service/pa/po | session-2.scope | foobar@pie.service | - | - | -
/user.slice | - | - | - | - | -
/foo.slice/foo--bar.slice/x.service | - | - | - | - | -
/-.slice/x.service | x.service | - | - | - | -

# Docker.
/docker/{A} | - | - | docker | {A} | -
/docker/{A}/init.scope | - | - | docker | {A} | -
/docker/{A}/system.slice/nginx.service | - | - | docker | {A} | -
/docker-ce/docker/{A} | - | - | docker | {A} | -
/system.slice/docker-{A}.scope | docker-{A}.scope | - | docker | {A} | -
/system.slice/docker-{A}.scope/child | docker-{A}.scope | - | docker | {A} | -
/batch.slice/batch-nightly.slice/docker-{A}.scope | docker-{A}.scope | - | docker | {A} | -
/actions_job/{A} | - | - | ? | {A} | -
/{A} | - | - | ? | {A} | -
/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{A}.scope | user@1000.service | docker-{A}.scope | docker | {A} | -
/docker/{A}/docker/{B} | - | - | docker | {B} | -
/docker/buildkit/n4eu0udvbz9vfzjy71jkvgkwh | - | - | buildkit | n4eu0udvbz9vfzjy71jkvgkwh | -
/system.slice/docker-n4eu0udvbz9vfzjy71jkvgkwh.scope | docker-n4eu0udvbz9vfzjy71jkvgkwh.scope | - | buildkit | n4eu0udvbz9vfzjy71jkvgkwh | -
/docker/{A}/docker/buildkit/n4eu0udvbz9vfzjy71jkvgkwh | - | - | buildkit | n4eu0udvbz9vfzjy71jkvgkwh | -
/system.slice:docker:{A} | - | - | docker | {A} | -

# containerd.
/default/{A} | - | - | containerd | {A} | -
/default/redis-1 | - | - | containerd | redis-1 | -
/k8s.io/{A} | - | - | containerd | {A} | -
/buildns/{A} | - | - | ? | {A} | -
/moby/{A} | - | - | docker | {A} | -
/system.slice/nerdctl-{A}.scope | nerdctl-{A}.scope | - | containerd | {A} | -
/user.slice/user-1000.slice/user@1000.service/user.slice/nerdctl-{A}.scope | user@1000.service | nerdctl-{A}.scope | containerd | {A} | -
/system.slice/containerd.service/kubepods-burstable-pod{POD_}.slice:cri-containerd:{A} | containerd.service | - | containerd | {A} | {POD}
/kubepods-besteffort-pod{POD_}.slice:cri-containerd:{A} | - | - | containerd | {A} | {POD}

# Kubernetes.
/kubepods/burstable/pod{POD}/{A} | - | - | ? | {A} | {POD}
/kubepods/besteffort/pod{POD}/{A} | - | - | ? | {A} | {POD}
/kubepods/pod{POD}/{A} | - | - | ? | {A} | {POD}
/kubepods/burstable/pod{STATIC}/{A} | - | - | ? | {A} | {STATIC}
/kubepods/burstable/pod{POD}/crio-{A} | - | - | cri-o | {A} | {POD}
/kubepods/burstable/pod{POD}/crio-conmon-{A} | - | - | - | - | {POD}
/kubepods/burstable/pod{POD} | - | - | - | - | {POD}
/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{POD_}.slice/cri-containerd-{A}.scope | cri-containerd-{A}.scope | - | containerd | {A} | {POD}
/kubepods.slice/kubepods-pod{POD_}.slice/cri-containerd-{A}.scope | cri-containerd-{A}.scope | - | containerd | {A} | {POD}
/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{POD_}.slice/docker-{A}.scope | docker-{A}.scope | - | docker | {A} | {POD}
/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{POD_}.slice/crio-{A}.scope | crio-{A}.scope | - | cri-o | {A} | {POD}
/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{POD_}.slice/crio-{A}.scope/container | crio-{A}.scope | - | cri-o | {A} | {POD}
/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{POD_}.slice/crio-conmon-{A}.scope | crio-conmon-{A}.scope | - | - | - | {POD}
/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{STATIC}.slice/cri-containerd-{A}.scope | cri-containerd-{A}.scope | - | containerd | {A} | {STATIC}
/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{POD_}.slice | - | - | - | - | {POD}
/kubepods.slice/kubepods-burstable.slice | - | - | - | - | -
/docker/{A}/kubelet/kubepods/burstable/pod{POD}/{B} | - | - | ? | {B} | {POD}
/system.slice/docker-{A}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod{POD_}.slice/cri-containerd-{B}.scope | docker-{A}.scope | - | containerd | {B} | {POD}
/system.slice/docker-{A}.scope/kubelet.slice/kubelet.service | docker-{A}.scope | - | docker | {A} | -
/kubepods/burstable/pod{POD}/{A}/docker/{B} | - | - | docker | {B} | {POD}
/machine.slice/crio-{A}.scope | crio-{A}.scope | - | cri-o | {A} | -

# Podman.
/machine.slice/libpod-{A}.scope | libpod-{A}.scope | - | podman | {A} | -
/machine.slice/libpod-{A}.scope/container | libpod-{A}.scope | - | podman | {A} | -
/machine.slice/libpod-conmon-{A}.scope | libpod-conmon-{A}.scope | - | - | - | -
/libpod_parent/libpod-{A} | - | - | podman | {A} | -
/libpod_parent/{B}/libpod-{A} | - | - | podman | {A} | -
/libpod_parent/conmon | - | - | - | - | -
/machine.slice/machine-libpod_pod_{B}.slice/libpod-{A}.scope/container | libpod-{A}.scope | - | podman | {A} | -
/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{A}.scope/container | user@1000.service | libpod-{A}.scope | podman | {A} | -
/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-conmon-{A}.scope | user@1000.service | libpod-conmon-{A}.scope | - | - | -
/user.slice/user-1000.slice/user@1000.service/user.slice/podman-4711.scope | user@1000.service | podman-4711.scope | - | - | -
/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_{B}.slice/libpod-{A}.scope/container | user@1000.service | libpod-{A}.scope | podman | {A} | -
/system.slice/nginx.service/libpod-payload-{A} | nginx.service | - | podman | {A} | -
/system.slice/nginx.service/runtime | nginx.service | - | - | - | -
/user.slice/user-1000.slice/user@1000.service/app.slice/redis.service/libpod-payload-{A} | user@1000.service | redis.service | podman | {A} | -

# LXC and what stands on it.
/lxc/web1 | - | - | lxc | web1 | -
/lxc/100/ns/init.scope | - | - | lxc | 100 | -
/lxc.payload.web1/system.slice/nginx.service | - | - | lxc | web1 | -
/lxc.payload.proj_web.1 | - | - | lxc | proj_web.1 | -
/lxc.payload/web1 | - | - | lxc | web1 | -
/lxc.monitor.web1 | - | - | - | - | -
/lxc.monitor/web1 | - | - | - | - | -
/lxc.pivot | - | - | - | - | -
/lxc.payload.outer/lxc.monitor.inner | - | - | lxc | outer | -
/lxc.payload.outer/lxc.payload.inner | - | - | lxc | inner | -
/lxc.payload.web1/system.slice/docker-{A}.scope | - | - | docker | {A} | -
/system.slice/lxc-monitord.service | lxc-monitord.service | - | - | - | -

# nspawn, and machines that are none of its.
/machine.slice/systemd-nspawn@deb.service/payload | systemd-nspawn@deb.service | - | systemd-nspawn | deb | -
/machine.slice/systemd-nspawn@my\x2ddeb.service/payload/system.slice/cron.service | systemd-nspawn@my\x2ddeb.service | - | systemd-nspawn | my-deb | -
/machine.slice/systemd-nspawn@deb.service/supervisor | systemd-nspawn@deb.service | - | - | - | -
/machine.slice/systemd-nspawn@deb.service/payload/system.slice/docker-{A}.scope | systemd-nspawn@deb.service | - | docker | {A} | -
/machine.slice/machine-my\x2ddeb.scope | machine-my\x2ddeb.scope | - | systemd-nspawn | my-deb | -
/machine.slice/machine-deb.scope/init.scope | machine-deb.scope | - | systemd-nspawn | deb | -
/machine.slice/machine-qemu\x2d1\x2dvm.scope/libvirt/emulator | machine-qemu\x2d1\x2dvm.scope | - | - | - | -
/machine.slice/machine-lxc\x2d4711\x2dweb.scope | machine-lxc\x2d4711\x2dweb.scope | - | ? | lxc-4711-web | -
/system.slice/machine-room.scope | machine-room.scope | - | - | - | -
/system.slice/systemd-machined.service | systemd-machined.service | - | - | - | -

# ECS, Garden.
/ecs/4bb8ae5c7e3d4b0b8d8a5dd8e6a3a1f2/{A} | - | - | docker | {A} | -
/ecs/cluster/4bb8ae5c7e3d4b0b8d8a5dd8e6a3a1f2/{A} | - | - | docker | {A} | -
/ecs/34dc0b5e626f2c5c4c5170e34b10e765/34dc0b5e626f2c5c4c5170e34b10e765-1234567890 | - | - | ? | 34dc0b5e626f2c5c4c5170e34b10e765-1234567890 | -
/ecstasks.slice/ecstasks-e95a40efbde84cbc8600660a109ec194.slice/docker-{A}.scope | docker-{A}.scope | - | docker | {A} | -
/system.slice/garden.service/garden/6f265890-5165-7fab-6b52-18d1 | garden.service | - | garden | 6f265890-5165-7fab-6b52-18d1 | -

# False friends.
/system.slice/docker.service | docker.service | - | - | - | -
/system.slice/containerd.service | containerd.service | - | - | - | -
/system.slice/crio.service | crio.service | - | - | - | -
/system.slice/docker-proxy | - | - | - | - | -
/system.slice/docker-registry.service | docker-registry.service | - | - | - | -
/docker | - | - | - | - | -
/build/0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33 | - | - | - | - | -
/system.slice/run-r0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e.scope | run-r0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e.scope | - | - | - | -
/system.slice/{A}.service | {A}.service | - | - | - | -
/system.slice/docker-{A}.mount | docker-{A}.mount | - | - | - | -
/docker/{A}0 | - | - | - | - | -
/kubepods/burstable/podium | - | - | - | - | -
/system.slice/default/redis | - | - | - | - | -
/default/x.service | - | - | - | - | -
/nomad.slice/share.slice/8d5b5b2a-6a8f-7a0e-9d6b-1f2e3d4c5b6a.web.scope | 8d5b5b2a-6a8f-7a0e-9d6b-1f2e3d4c5b6a.web.scope | - | - | - | -

# Odd paths.
 | - | - | - | - | -
nginx.service | nginx.service | - | - | - | -
//system.slice///nginx.service// | nginx.service | - | - | - | -
//docker//{A}// | - | - | docker | {A} | -
/system.slice/.service | - | - | - | - | -
/lxc.payload. | - | - | - | - | -
/machine.slice/machine-\xzz.scope | machine-\xzz.scope | - | systemd-nspawn | \xzz | -
";

fn expand(text: &str) -> String {
    let constants = [
        ("{A}", A),
        ("{B}", B),
        ("{POD}", POD),
        ("{POD_}", POD_),
        ("{STATIC}", STATIC),
    ];
    constants
        .iter()
        .fold(text.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
}

/// What an identity says, in the table's form.
fn row(identity: &CgroupOwner) -> [String; 5] {
    let text = |bytes: Option<&[u8]>| {
        bytes.map_or("-".into(), |it| String::from_utf8_lossy(it).into_owned())
    };
    let runtime = identity
        .container()
        .map(|it| it.runtime().map_or("?", Runtime::name));
    [
        text(identity.unit()),
        text(identity.user_unit()),
        runtime.unwrap_or("-").into(),
        text(identity.container().map(Container::id)),
        identity.pod_uid().unwrap_or("-").into(),
    ]
}

/// Every shape of path gives what it stands for.
#[test]
fn real_paths() {
    let mut rows = 0;
    for line in TABLE
        .lines()
        .filter(|line| !line.starts_with('#') && line.contains('|'))
    {
        let line = expand(line);
        let columns: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let [path, expected @ ..] = columns.as_slice() else {
            panic!("{line}");
        };
        let identity = CgroupOwner::from_path(path.as_bytes());
        assert_eq!(row(&identity), *expected, "{path}");
        assert_eq!(identity.path(), path.as_bytes());
        rows += 1;
    }
    assert!(rows >= 100, "only {rows} rows were read");
}

/// Bytes that are no text, and more of them than any path has.
#[test]
fn hostile_paths() {
    let nothing = ["-", "-", "-", "-", "-"].map(String::from);
    for path in [
        &b"\0\0\0"[..],
        b"/\xff\xfe/x",
        b"/system.slice/\xff.service",
        b"pod\xff.slice",
    ] {
        assert_eq!(row(&CgroupOwner::from_path(path)), nothing, "{path:?}");
    }
    let long = format!("/{}.service", "a".repeat(1 << 20));
    assert_eq!(CgroupOwner::from_path(long.as_bytes()).unit(), None);
    let deep = format!("{}/docker/{A}", "/x".repeat(1 << 18));
    assert_eq!(
        CgroupOwner::from_path(deep.as_bytes())
            .container()
            .map(Container::id),
        Some(A.as_bytes())
    );
    let odd = CgroupOwner::from_path(b"/lxc/\xff\xfe");
    assert_eq!(odd.container().map(Container::id), Some(&b"\xff\xfe"[..]));
}

fn at(path: &str) -> CgroupOwner {
    CgroupOwner::from_path(expand(path).as_bytes())
}

/// A container is meant by its id, by enough of its beginning, or by its whole name.
#[test]
fn containers_wanted() {
    let docker = at("/docker/{A}/child");
    for wanted in [A, &A[..12], &A[..4]] {
        assert!(docker.in_container(wanted.as_bytes()), "{wanted}");
    }
    for wanted in ["", &A[..3], B, &A[1..], "37261842zz"] {
        assert!(!docker.in_container(wanted.as_bytes()), "{wanted}");
    }
    let lxc = at("/lxc.payload.webserver");
    assert!(lxc.in_container(b"webserver"));
    assert!(!lxc.in_container(b"webs"));
    assert!(!at("/system.slice/docker.service").in_container(b"docker"));
    assert!(!at("/lxc.monitor.webserver").in_container(b"webserver"));
}

/// What runs in a container's container runs in both.
#[test]
fn a_container_within() {
    let inner = at("/docker/{A}/docker/{B}");
    assert_eq!(inner.container().map(Container::id), Some(B.as_bytes()));
    assert!(inner.in_container(A.as_bytes()));
    assert!(inner.in_container(&B.as_bytes()[..12]));
    assert!(!at("/docker/{A}").in_container(B.as_bytes()));
}

/// A unit is meant by its name, without the type if it is a service.
#[test]
fn units_wanted() {
    let nginx = at("/system.slice/nginx.service/worker");
    assert!(nginx.is_unit(b"nginx") && nginx.is_unit(b"nginx.service"));
    assert!(nginx.is_unit(b"system.slice"));
    let path = b"/docker/"
        .iter()
        .chain(&[b'a'; 64])
        .chain(b"/system.slice/x.service");
    let in_container = CgroupOwner::from_path(&path.copied().collect::<Vec<u8>>());
    assert!(
        !in_container.is_unit(b"system.slice"),
        "its own service manager's"
    );
    assert!(!nginx.is_unit(b"ngin") && !nginx.is_unit(b"nginx.scope") && !nginx.is_unit(b""));
    assert!(!nginx.is_unit(b"user.slice") && !nginx.is_unit(b"worker"));
    let user = at("/user.slice/user-1000.slice/user@1000.service/app.slice/redis.service");
    assert!(user.is_unit(b"redis") && user.is_unit(b"user@1000") && user.is_unit(b"app.slice"));
    assert!(at("/init.scope").is_unit(b"init.scope") && !at("/init.scope").is_unit(b"init"));
    assert!(!at("/").is_unit(b"") && !at("/").is_unit(b"nginx"));
}

/// Below means by whole names, not by letters.
#[test]
fn cgroups_below() {
    let nginx = at("/system.slice/nginx.service");
    for above in [
        "/",
        "",
        "/system.slice",
        "system.slice//",
        "/system.slice/nginx.service/",
    ] {
        assert!(nginx.is_below(above.as_bytes()), "{above}");
    }
    for other in [
        "/system",
        "/system.slice/nginx",
        "/nginx.service",
        "/system.slice/nginx.service/x",
    ] {
        assert!(!nginx.is_below(other.as_bytes()), "{other}");
    }
}

/// Pieces of which paths are made, so that chance finds more than nonsense.
fn path() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "/",
        ".scope",
        ".service",
        ".slice",
        "docker-",
        "docker",
        "lxc",
        "lxc.payload.",
        "machine-",
        "machine.slice",
        "systemd-nspawn@",
        "\\x2d",
        "\\x",
        "pod",
        "_",
        ":",
        "ecs",
        "default",
        "garden",
        A,
        POD,
        POD_,
        STATIC,
    ];
    let piece = prop_oneof![
        proptest::sample::select(pieces.to_vec()).prop_map(|it| it.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn holds(whole: &[u8], part: &[u8]) -> bool {
    part.is_empty() || whole.windows(part.len()).any(|it| it == part)
}

proptest! {
    /// Any bytes are a path, and whatever is told of them stands in them.
    #[test]
    fn total_and_true(path in path()) {
        let identity = CgroupOwner::from_path(&path);
        prop_assert_eq!(identity.path(), &path[..]);
        let plain = String::from_utf8_lossy(&path).replace('_', "-");
        let unescaped = container::unescaped(&path);
        for unit in [identity.unit(), identity.user_unit()].into_iter().flatten() {
            prop_assert!(holds(&path, unit) && !unit.contains(&b'/'));
            prop_assert!(identity.is_unit(unit));
        }
        if let Some(container) = identity.container() {
            prop_assert!(holds(&path, container.id()) || holds(&unescaped, container.id()));
            prop_assert!(!container.id().is_empty() && identity.in_container(container.id()));
        }
        if let Some(uid) = identity.pod_uid() {
            prop_assert!(plain.contains(uid));
        }
        prop_assert!(identity.is_below(&path) && identity.is_below(b"/"));
    }
}
