"""After psutil._pslinux: it asks the kernel for network cards over netlink, which sandboxes do not have. Where that fails, the answer comes from ioctl and /proc."""


def after(module):
    """Lets psutil find network cards without netlink."""
    ask_kernel = module.net_if_addrs

    def net_if_addrs():
        try:
            return ask_kernel()
        except OSError:
            return read_cards()

    module.net_if_addrs = net_if_addrs


def read_cards():
    """A list of (name, family, address, netmask, broadcast, point to point), as psutil's C half makes it."""
    import fcntl
    import socket
    import struct

    def ask(sock, request, name):
        try:
            return fcntl.ioctl(sock, request, struct.pack("256s", name.encode()))
        except OSError:
            return None

    def address(answer):
        return answer and socket.inet_ntoa(answer[20:24])

    cards = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        with open("/proc/net/dev") as file:
            names = [line.split(":")[0].strip() for line in file if ":" in line]
        for name in names:
            own = ask(sock, 0x8915, name)  # SIOCGIFADDR
            if own:
                mask, broadcast = ask(sock, 0x891B, name), ask(sock, 0x8919, name)  # SIOCGIFNETMASK, SIOCGIFBRDADDR
                everybody = None if address(broadcast) == "0.0.0.0" else address(broadcast)
                cards.append((name, socket.AF_INET, address(own), address(mask), everybody, None))
            hardware = ask(sock, 0x8927, name)  # SIOCGIFHWADDR
            if hardware:
                cards.append((name, socket.AF_PACKET, hardware[18:24].hex(":"), None, None, None))
    try:
        with open("/proc/net/if_inet6") as file:
            rows = [line.split() for line in file]
    except OSError:
        rows = []
    for digits, _card, length, scope, _flags, name in rows:
        bits = int(length, 16)
        mask = ((1 << bits) - 1) << (128 - bits)
        text = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits)) + ("%" + name if scope == "20" else "")
        cards.append((name, socket.AF_INET6, text, socket.inet_ntop(socket.AF_INET6, mask.to_bytes(16, "big")), None, None))
    return cards
