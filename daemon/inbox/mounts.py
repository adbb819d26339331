"""What is mounted where, and which file systems do not tell what other machines do on them.

Read from /proc/self/mountinfo (proc(5)), which is there in a hardened service too, unlike /proc/mounts.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

_MOUNTINFO = "/proc/self/mountinfo"

#: File systems whose content others change without this kernel's knowing; their FUSE forms count likewise.
_NETWORK = frozenset(
    {
        "9p",  # virtual machines, WSL
        "acfs",
        "afp",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "drvfs",  # WSL 1
        "fakeowner",  # Docker Desktop
        "gcsfuse",
        "gfs2",
        "glusterfs",
        "gpfs",
        "grpcfuse",
        "juicefs",
        "lustre",
        "mfs",
        "moosefs",
        "ncp",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "osxfs",
        "prl_fs",  # Parallels
        "pvfs2",
        "rclone",
        "s3fs",
        "seaweedfs",
        "smb3",
        "smbfs",
        "smbnetfs",
        "sshfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
        "vmhgfs-fuse",
    }
)
#: FUSE programs that carry a desktop's network locations, or any remote there is.
_FUSE = frozenset(
    {"gvfsd-fuse", "kio-fuse", "ceph-fuse", "davfs2", "curlftpfs", "google-drive-ocamlfuse", "onedriver"}
)

_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount: its point (absolute path), type of file system, device `major:minor`, and options."""

    point: str
    fstype: str
    device: str
    options: tuple[str, ...]


def parse(text: str) -> list[Mount]:
    """Parse the content of mountinfo, in its order; lines of another form are passed over."""
    mounts = []
    for line in text.split("\n"):
        own, separator, rest = line.partition(" - ")
        fields, super_fields = own.split(" "), rest.split(" ")
        if separator and len(fields) >= 6 and super_fields[0]:
            options = fields[5].split(",") + (super_fields[2].split(",") if len(super_fields) > 2 else [])
            mounts.append(Mount(_unescape(fields[4]), super_fields[0], fields[2], tuple(options)))
    return mounts


def _unescape(text: str) -> str:
    """Undo the kernel's octal escapes of space, tab, line feed and backslash."""
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), text)


def read() -> list[Mount]:
    """Give what is mounted in this process's view; nothing where there is no /proc."""
    try:
        with open(_MOUNTINFO, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            return parse(file.read())
    except OSError:
        return []


def mount_of(path: str, mounts: Sequence[Mount]) -> Mount | None:
    """Give the mount that `path` (absolute, without links; it need not exist) lies on; None if none is known.

    Of several at one point the last hides the others.
    """
    found: Mount | None = None
    for mount in mounts:
        if _covers(mount.point, path) and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def _covers(point: str, path: str) -> bool:
    return path == point or path.startswith(point if point.endswith("/") else point + "/")


def mount_point(path: str) -> str:
    """Give the mount point that `path` lies under now, links followed as far as they exist."""
    mount = mount_of(os.path.realpath(path), read())
    return mount.point if mount else "/"


def is_network(fstype: str) -> bool:
    """Tell whether a file system of this type gives no events for what other machines do."""
    kind, _, program = fstype.partition(".")
    if kind == "fuse" and program:
        return program in _NETWORK or program in _FUSE
    return fstype in _NETWORK


def on_network(path: str) -> bool:
    """Tell whether `path` lies on a file system that has to be polled."""
    mount = mount_of(os.path.realpath(path), read())
    return mount is not None and is_network(mount.fstype)
