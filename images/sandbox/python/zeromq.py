"""After zmq.sugar.socket: to bind an address, ZeroMQ asks the kernel for network cards over netlink, which sandboxes do not have, and ends the program.

Given a socket that listens at the address already it asks for none. Kernels of Jupyter bind so.
"""

SCHEME = "tcp://"
LOOPBACK = ("localhost", "lo")
BACKLOG = 100


def after(module):
    """Lets sockets bind an address without asking for network cards."""
    bind = module.Socket.bind

    def bind_listening(self, addr):
        place = place_of(addr)
        if place is None:
            return bind(self, addr)
        import zmq

        try:
            listener = listen(place)
        except OSError as error:
            raise zmq.ZMQError(error.errno) from None
        self.setsockopt(zmq.USE_FD, listener)
        try:
            return bind(self, addr)
        finally:
            self.setsockopt(zmq.USE_FD, -1)

    module.Socket.bind = bind_listening


def place_of(addr):
    """The host and port of an address that is an IPv4 one or the loopback by name; None for any other."""
    from socket import inet_aton

    if not isinstance(addr, str) or not addr.startswith(SCHEME):
        return None
    host, _, port = addr[len(SCHEME) :].rpartition(":")
    host = "127.0.0.1" if host in LOOPBACK else host
    try:
        inet_aton(host)
        return host, 0 if port in ("*", "0") else int(port)
    except (OSError, ValueError):
        return None


def listen(place):
    """The descriptor of a socket that listens there, ZeroMQ's own from then on."""
    import socket

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener.detach()
