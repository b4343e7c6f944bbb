"""The namespaces of a local sandbox, and the file system that it sees: some folders of this machine, and its own."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import struct
import sys

MS_REC, MS_BIND, MS_PRIVATE = 0x4000, 0x1000, 0x40000
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
PR_SET_PDEATHSIG = 1
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

# What a sandbox has of this machine; its other folders are its own.
SHARED_FOLDERS = "bin", "sbin", "lib", "lib32", "lib64", "usr", "etc", "opt"

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    check(libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()), "mount " + target)


def die_with_parent() -> None:
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def enter_namespaces() -> None:
    """Of users too where this is not root, who may make the others without."""
    flags = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET
    user, group = os.getuid(), os.getgid()
    if user == 0:
        return check(libc.unshare(flags), "unshare")
    check(libc.unshare(flags | CLONE_NEWUSER), "unshare")
    for name, text in ("setgroups", "deny"), ("uid_map", "0 %d 1" % user), ("gid_map", "0 %d 1" % group):
        with open("/proc/self/" + name, "w") as file:
            file.write(text)
    return None


def raise_loopback() -> None:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh", b"lo", 0) + bytes(22)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(control, SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP) + bytes(22))


def bind(source: str, target: str) -> None:
    """Passes over what has no place: files of the server's own for folders that this machine shares with its sandboxes."""
    try:
        if os.path.isdir(source):
            os.makedirs(target, exist_ok=True)
        elif not os.path.exists(target):
            if os.path.relpath(target, ".").split(os.sep)[0] in SHARED_FOLDERS:
                return
            os.makedirs(os.path.dirname(target), exist_ok=True)
            open(target, "x").close()
    except OSError:
        return
    mount(source, target, "", MS_BIND | MS_REC)


def make_root(base: str, mounts: list[dict[str, str]], memory: list[str]) -> None:
    """Makes the file system of the sandbox and moves there; `memory` are the folders that do not persist."""
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    mount("tmpfs", base, "tmpfs", 0, "mode=755")
    os.chdir(base)
    for name in SHARED_FOLDERS:
        if os.path.islink("/" + name):
            os.symlink(os.readlink("/" + name), name)
        elif os.path.isdir("/" + name):
            bind("/" + name, name)
    os.mkdir("proc")
    mount("proc", "proc", "proc", 0)
    bind("/dev", "dev")
    for path in memory:
        os.makedirs(path.lstrip("/"), exist_ok=True)
        mount("tmpfs", path.lstrip("/"), "tmpfs", 0, "mode=1777")
    if not os.path.exists(sys.base_prefix.lstrip("/")):
        bind(sys.base_prefix, sys.base_prefix.lstrip("/"))
    for one in mounts:
        bind(one["source"], one["target"].lstrip("/"))
    os.chroot(".")
    os.chdir("/")
