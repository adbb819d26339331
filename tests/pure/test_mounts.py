"""Reading mountinfo: the kernel's form, its escapes, and which mount a path lies on."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.inbox.mounts import Mount, is_network, mount_of, mount_point, parse, read

TEXT = r"""22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/root rw,discard
31 22 0:27 / /srv/my\040share rw,nosuid - cifs //nas/photos rw,vers=3.0
32 22 0:28 / /srv rw - xfs /dev/sdb rw
33 22 0:29 /sub /srv/share rw,relatime master:2 propagate_from:1 - nfs4 nas:/photos rw
40 22 0:40 / /mnt rw - autofs systemd-1 rw,fd=5
41 40 0:41 / /mnt rw - fuse.sshfs me@host: rw
42 22 0:42 / /odd\134name\012x rw - tmpfs tmpfs rw
broken line
50 22 0:50 / /none rw - """


def test_each_line_is_a_mount() -> None:
    mounts = parse(TEXT)
    assert mounts[0] == Mount("/", "ext4", "254:1", ("rw", "relatime", "rw", "discard"))
    assert mounts[1].point == "/srv/my share"
    assert mounts[6].point == "/odd\\name\nx"
    assert len(mounts) == 7


@pytest.mark.parametrize(
    ("path", "point", "fstype"),
    [
        ("/", "/", "ext4"),
        ("/srvx", "/", "ext4"),
        ("/srv", "/srv", "xfs"),
        ("/srv/shared", "/srv", "xfs"),
        ("/srv/share", "/srv/share", "nfs4"),
        ("/srv/share/in/cat.jpg", "/srv/share", "nfs4"),
        ("/srv/my share/in", "/srv/my share", "cifs"),
        ("/mnt/a", "/mnt", "fuse.sshfs"),
    ],
)
def test_a_path_lies_on_the_nearest_mount_and_there_on_the_last(path: str, point: str, fstype: str) -> None:
    mount = mount_of(path, parse(TEXT))
    assert mount is not None
    assert (mount.point, mount.fstype) == (point, fstype)


def test_without_mounts_there_is_no_answer() -> None:
    assert mount_of("/srv", []) is None


@pytest.mark.parametrize(
    "fstype", ["nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "fuse.sshfs", "fuse.rclone", "fuse.gvfsd-fuse"]
)
def test_network_file_systems(fstype: str) -> None:
    assert is_network(fstype)


@pytest.mark.parametrize(
    "fstype", ["ext4", "btrfs", "xfs", "tmpfs", "overlay", "fuseblk", "fuse", "fuse.mergerfs"]
)
def test_local_file_systems(fstype: str) -> None:
    assert not is_network(fstype)


@given(st.text())
def test_any_text_is_parsed_without_an_error(text: str) -> None:
    parse(text)


def test_this_machine_has_a_root(tmp_path: os.PathLike[str]) -> None:
    assert any(mount.point == "/" for mount in read())
    point = mount_point(os.fspath(tmp_path))
    assert os.path.ismount(point)
    assert mount_point(os.path.join(tmp_path, "not", "there")) == point
