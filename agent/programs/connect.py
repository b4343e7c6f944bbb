#!/usr/bin/env python3
"""For programs that know no proxy: a TCP connection to any host that the sandbox's policy permits.

clara-connect HOST PORT                       the connection is stdin and stdout, as ssh's ProxyCommand wants it
clara-connect --listen LOCAL_PORT HOST PORT   for each connection to 127.0.0.1:LOCAL_PORT one to HOST, until it is ended
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from urllib.parse import urlsplit

CHUNK = 65536
MAX_HEAD = 65536
CONNECT_SECONDS = 60
LOOPBACK = ("localhost", "sandbox", "127.0.0.1", "::1", "0.0.0.0")


class Refused(Exception):
    """There is no connection, and the sentence says why."""


def connect(host: str, port: int) -> tuple[socket.socket, bytes]:
    """A connection, and what has come over it already; raises Refused."""
    if host in LOOPBACK:
        return dial((host, port), "Nothing answers on port %d of the sandbox" % port), b""
    names = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    url = urlsplit(next((os.environ[name] for name in names if os.environ.get(name)), ""))
    if not url.hostname:
        raise Refused("There is no proxy: HTTPS_PROXY is not set, as in a sandbox whose network is not proxy.")
    sock = dial((url.hostname, url.port or 3128), "The sandbox's proxy does not answer")
    target = "%s:%d" % ("[%s]" % host if ":" in host else host, port)
    sock.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target)).encode("idna" if not target.isascii() else "ascii"))
    head = b""
    while b"\r\n\r\n" not in head:
        part = sock.recv(CHUNK)
        head += part
        if not part or len(head) > MAX_HEAD:
            raise Refused("The proxy has hung up.")
    head, _, early = head.partition(b"\r\n\r\n")
    _, status, reason = (head.split(b"\r\n")[0].decode("latin-1") + "  ").split(" ", 2)
    if status != "200":
        raise Refused(reason.strip() or "The proxy answered " + status)
    sock.settimeout(None)
    return sock, early


def dial(address: tuple[str, int], sentence: str) -> socket.socket:
    """A TCP connection without any proxy; raises Refused."""
    try:
        sock = socket.create_connection(address, CONNECT_SECONDS)
    except OSError as error:
        raise Refused("%s: %s." % (sentence, error.strerror or error)) from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def send_all(source: int, sock: socket.socket) -> None:
    """Carries what comes from a descriptor to its end, and says that it has ended."""
    try:
        while data := os.read(source, CHUNK):
            sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # The other side is gone, which the other direction tells.


def write_all(target: int, data: bytes) -> None:
    """Writes it all, however little the reader takes at a time."""
    while data:
        data = data[os.write(target, data) :]


def pipe(host: str, port: int) -> None:
    """The connection as this program's own input and output."""
    sock, early = connect(host, port)
    threading.Thread(target=send_all, args=(0, sock), daemon=True).start()
    write_all(1, early)
    while data := sock.recv(CHUNK):
        write_all(1, data)


def serve(client: socket.socket, host: str, port: int) -> None:
    """One connection of a program to its end."""
    try:
        with client:
            sock, early = connect(host, port)
            with sock:
                threading.Thread(target=send_all, args=(client.fileno(), sock), daemon=True).start()
                client.sendall(early)
                while data := sock.recv(CHUNK):
                    client.sendall(data)
                client.shutdown(socket.SHUT_RDWR)
    except Refused as refused:
        say(str(refused))
    except OSError:
        pass  # One of the two is gone.


def listen(local_port: int, host: str, port: int) -> None:
    """Takes connections until this program is ended."""
    with socket.create_server(("127.0.0.1", local_port)) as listener:
        say("127.0.0.1:%d leads to %s:%d." % (listener.getsockname()[1], host, port))
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client, host, port), daemon=True).start()


def say(sentence: str) -> None:
    """Tells whoever has started this program, on stderr."""
    print("clara-connect: " + sentence, file=sys.stderr, flush=True)


def main(argv: list[str]) -> int:
    """The exit code."""
    is_listening = argv[:1] == ["--listen"]
    rest = argv[1:] if is_listening else argv
    ports = [rest[0], rest[-1]] if is_listening and rest else rest[-1:]
    if len(rest) != (3 if is_listening else 2) or not all(text.isdigit() and int(text) < 65536 for text in ports):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        if is_listening:
            listen(int(rest[0]), rest[1], int(rest[2]))
        else:
            pipe(rest[0], int(rest[1]))
    except Refused as refused:
        say(str(refused))
        return 1
    except OSError as error:
        say("%s." % (error.strerror or error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # Not by way of the thread that may still wait for input.
    sys.stderr.flush()
    os._exit(code)
