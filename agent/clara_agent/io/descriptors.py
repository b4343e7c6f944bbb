"""Descriptors in a message to another process."""
import sys

from _socket import SCM_RIGHTS, SOL_SOCKET


def send_with(socket, message, descriptors):
    """Sends one message with copies of the descriptors; OSError where it cannot go now, or nobody is there."""
    rights = b"".join(fd.to_bytes(4, sys.byteorder) for fd in descriptors)
    socket.sendmsg([message], [(SOL_SOCKET, SCM_RIGHTS, rights)])
