"""After zmq.sugar.socket: to bind an address, ZeroMQ asks the kernel for network cards over netlink, which sandboxes do not have, and ends the program.

Where the loopback is the only card, binding all addresses is binding the loopback, and that asks for none. Kernels of Jupyter bind so.
"""

LOOPBACK = ("tcp://127.0.0.1:", "tcp://localhost:", "tcp://lo:")


def after(module):
    bind = module.Socket.bind

    def bind_everywhere(self, addr):
        for start in LOOPBACK:
            if isinstance(addr, str) and addr.startswith(start) and has_only_loopback():
                addr = "tcp://*:" + addr[len(start) :]
        return bind(self, addr)

    module.Socket.bind = bind_everywhere


def has_only_loopback():
    with open("/proc/net/dev") as file:
        return [line.split(":")[0].strip() for line in file if ":" in line] == ["lo"]
