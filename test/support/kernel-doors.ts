/**
 * A Python script that tries what opens ways through the kernel, and prints a line of `name: opened` or of `name: ERRNO` for
 * each. Nothing of it changes the machine, even where all is allowed.
 */
export const KERNEL_DOORS = `
import ctypes, errno, fcntl, mmap, os, platform, pty, socket, struct, subprocess

libc = ctypes.CDLL(None, use_errno=True)
is_x86 = platform.machine() == 'x86_64'
NEW_USER, NEW_NS, NEW_NET, NEW_TIME = 0x10000000, 0x20000, 0x40000000, 0x80
perf = (ctypes.c_uint32 * 32)(1, 128, 9)
params = ctypes.create_string_buffer(256)

def check(result):
    if result < 0: raise OSError(ctypes.get_errno(), '')

def call(x86, arm, *arguments):
    # As wide as the kernel takes them: of a seventh argument ctypes would leave half undefined.
    wide = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    check(libc.syscall(x86 if is_x86 else arm, *wide))

def as_root():
    if subprocess.run(['su', '-c', 'true'], stdin=subprocess.DEVNULL, capture_output=True).returncode: raise OSError(errno.EPERM, '')

def device():
    os.mknod('/tmp/door', 0o600 | 0o60000, os.makedev(7, 0))
    os.unlink('/tmp/door')

def handle():
    buffer = (ctypes.c_uint32 * 34)(128)
    mount = ctypes.c_int()
    check(libc.name_to_handle_at(-100, b'/tmp', buffer, ctypes.byref(mount), 0))
    root = os.open('/tmp', os.O_RDONLY)
    check(libc.open_by_handle_at(root, buffer, os.O_RDONLY))

def cloned(result):
    if result == 0: os._exit(0)
    check(result)

def own_memory():
    text = ctypes.create_string_buffer(b'door')
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(text), 4)
    call(310, 270, os.getpid(), vector, 1, vector, 1, 0)

def into_init():
    check(libc.setns(os.open('/proc/1/ns/mnt', os.O_RDONLY), 0))

def merged():
    memory = mmap.mmap(-1, 4096)
    memory.madvise(12)

def discipline():
    fcntl.ioctl(pty.openpty()[0], 0x5423, struct.pack('i', 0))

def lock_of_open_file():
    with open('/tmp/door', 'w') as file: fcntl.fcntl(file, 37, struct.pack('hhqqi', fcntl.F_WRLCK, 0, 0, 1, 0))

def option(level, name, value):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain: plain.setsockopt(level, name, value)

def time_of_a_packet():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        try: fcntl.ioctl(plain, 0x8906, bytes(16))
        except OSError as error:
            # The kernel begins to take the time of each packet, and this socket has none yet.
            if error.errno != errno.ENOENT: raise

def writes(path):
    return lambda: os.close(os.open(path, os.O_WRONLY))

DOORS = {
    'user namespace': lambda: check(libc.unshare(NEW_USER)),
    'mount namespace': lambda: check(libc.unshare(NEW_NS)),
    'network namespace': lambda: check(libc.unshare(NEW_NET)),
    'time namespace': lambda: check(libc.unshare(NEW_TIME)),
    'user namespace by clone': lambda: cloned(libc.syscall(56 if is_x86 else 220, NEW_USER | 17, 0, 0, 0, 0)),
    'user namespace by clone3': lambda: cloned(libc.syscall(435, (ctypes.c_uint64 * 8)(NEW_USER, 0, 0, 0, 17), 64)),
    'entering a namespace': into_init,
    'mount': lambda: check(libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)),
    'chroot': lambda: os.chroot('/'),
    'raw socket': lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close(),
    'packet socket': lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3).close(),
    'device node': device,
    'file handle': handle,
    'host name': lambda: socket.sethostname(socket.gethostname()),
    'root by su': as_root,
    'user 0': lambda: os.setuid(0),
    'kernel log': lambda: check(libc.klogctl(3, params, 256)),
    'bpf': lambda: call(321, 280, 0, (ctypes.c_uint32 * 18)(2, 4, 4, 1), 72),
    'perf_event_open': lambda: call(298, 241, perf, 0, -1, -1, 0),
    'userfaultfd': lambda: call(323, 282, 1),
    'keyring': lambda: call(250, 219, 0, -3, 1),
    'adding a key': lambda: call(248, 217, b'user', b'door', b'x', 1, -3),
    'io_uring': lambda: call(425, 425, 1, params),
    'asynchronous input': lambda: call(206, 0, 1, ctypes.byref(ctypes.c_ulong())),
    'memory of a process': own_memory,
    'vmsplice': lambda: call(278, 75, os.pipe()[1], None, 0, 0),
    'memory policy': lambda: call(238, 237, 0, None, 0),
    'group of fanotify': lambda: call(300, 262, 0, 0),
    'copy of a descriptor': lambda: call(438, 438, os.pidfd_open(os.getpid()), 1, 0),
    'mount tree': lambda: call(428, 428, -100, b'/tmp', 1),
    'netlink of the firewall': lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12).close(),
    'netlink of routes': lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close(),
    'MPTCP': lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).close(),
    'multicast group': lambda: option(0, 35, socket.inet_aton('239.0.0.1') + socket.inet_aton('127.0.0.1')),
    'time stamps of packets': lambda: option(1, 29, struct.pack('i', 1)),
    'time of a packet': time_of_a_packet,
    'merged memory': merged,
    'memory of large pages': lambda: call(319, 279, b'door', 4),
    'secret memory': lambda: call(447, 447, 0),
    'line discipline': discipline,
    'lock of an open file': lock_of_open_file,
    'writing out a disk': lambda: check(libc.syncfs(os.open('/', os.O_RDONLY))),
    'watch of the machine': writes('/proc/pressure/memory'),
    'table of locks': lambda: check(os.stat('/proc/locks').st_rdev and -1),
    'socket of the hypervisor': lambda: socket.socket(40, socket.SOCK_STREAM).close(),
    'sysctl': writes('/proc/sys/kernel/printk'),
    'sysrq': writes('/proc/sysrq-trigger'),
    'cgroup': lambda: os.rmdir((os.mkdir(path := '/sys/fs/cgroup/' + ('memory/' if os.path.isdir('/sys/fs/cgroup/memory') else '') + 'door'), path)[1]),
    'kernel memory': lambda: os.close(os.open('/proc/kcore', os.O_RDONLY)) if os.path.getsize('/proc/kcore') else check(-1),
}
for name, door in DOORS.items():
    pid = os.fork()
    if pid == 0:
        try:
            door()
            text = 'opened'
        except OSError as error:
            text = errno.errorcode.get(error.errno, 'refused')
        os.write(1, (name + ': ' + text + '\\n').encode())
        os._exit(0)
    os.waitpid(pid, 0)
`;
