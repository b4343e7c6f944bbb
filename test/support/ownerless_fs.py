"""Mounts a file system in memory that holds folders and gives them to nobody, as vfat and squashed NFS do.

Usage: ownerless_fs.py <folder> refuse|ignore. It says "mounted" once it is, and ends when it is unmounted. The protocol is that of
linux/fuse.h: each request has a header of 40 bytes, each answer one of 16.
"""

import ctypes
import errno
import os
import stat
import struct
import sys

LOOKUP, FORGET, GETATTR, SETATTR, MKDIR, RMDIR, STATFS = 1, 2, 3, 4, 9, 11, 17
INIT, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = 26, 27, 28, 29, 36, 42
SETS_MODE, SETS_OWNER = 1, 2 | 4
ROOT = 1

# By number: the mode of each folder, and by parent and name its number.
modes = {ROOT: 0o755}
names: dict[tuple[int, bytes], int] = {}


def attributes(node: int) -> bytes:
    return struct.pack('<6Q10I', node, 0, 0, 0, 0, 0, 0, 0, 0, stat.S_IFDIR | modes[node], 2, 0, 0, 0, 4096, 0)


def entry(node: int) -> bytes:
    return struct.pack('<4Q2I', node, 0, 0, 0, 0, 0) + attributes(node)


def answer(operation: int, node: int, body: bytes, is_strict: bool) -> bytes:
    if operation == INIT:
        return struct.pack('<4I2H2I2H8I', 7, 31, 65536, 0, 16, 12, 65536, 1, 0, 0, *[0] * 8)
    if operation == GETATTR:
        return struct.pack('<Q2I', 0, 0, 0) + attributes(node)
    if operation == SETATTR:
        valid, mode = struct.unpack_from('<I', body)[0], struct.unpack_from('<I', body, 68)[0]
        if valid & SETS_OWNER and is_strict:
            raise OSError(errno.EPERM, 'files have no owners')
        if valid & SETS_MODE:
            modes[node] = stat.S_IMODE(mode)
        return struct.pack('<Q2I', 0, 0, 0) + attributes(node)
    if operation == LOOKUP:
        return entry(names[node, body.rstrip(b'\0')])
    if operation == MKDIR:
        child = max(modes) + 1
        modes[child] = struct.unpack_from('<I', body)[0] & 0o777
        names[node, body[8:].rstrip(b'\0')] = child
        return entry(child)
    if operation == RMDIR:
        del names[node, body.rstrip(b'\0')]
        return b''
    if operation == STATFS:
        return struct.pack('<5Q4I6I', 2**20, 2**20, 2**20, 2**20, 2**20, 4096, 255, 4096, 0, *[0] * 6)
    if operation == OPENDIR:
        return struct.pack('<Q2I', 0, 0, 0)
    if operation in (READDIR, RELEASEDIR):
        return b''
    raise OSError(errno.ENOSYS, 'not needed here')


def serve(device: int, is_strict: bool) -> None:
    while True:
        try:
            request = os.read(device, 2**20)
        except OSError as error:
            if error.errno == errno.ENODEV:
                return
            raise
        _, operation, unique, node = struct.unpack_from('<2I2Q', request)
        if operation in (FORGET, BATCH_FORGET, INTERRUPT):
            continue
        try:
            reply, code = answer(operation, node, request[40:], is_strict), 0
        except KeyError:
            reply, code = b'', errno.ENOENT
        except OSError as error:
            reply, code = b'', error.errno or errno.EIO
        os.write(device, struct.pack('<IiQ', 16 + len(reply), -code, unique) + reply)


def main() -> None:
    folder, kind = sys.argv[1:]
    device = os.open('/dev/fuse', os.O_RDWR)
    options = f'fd={device},rootmode=40000,user_id=0,group_id=0,allow_other'.encode()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b'ownerless', folder.encode(), b'fuse.ownerless', 0, options) != 0:
        raise OSError(ctypes.get_errno(), 'the file system cannot be mounted')
    print('mounted', flush=True)
    serve(device, kind == 'refuse')


main()
