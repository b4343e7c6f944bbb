/**
 * A Python script that tries each way to have the kernel run a program of one's own, and prints a line of `name: attached` or of
 * `name: ERRNO` for each. Only the first can succeed, once, with one instruction; the others name no program that the kernel could
 * take, so that it answers with another error where nothing refuses them.
 */
export const ATTACHED_PROGRAMS = `
import ctypes, errno, os, platform, socket, struct

libc = ctypes.CDLL(None, use_errno=True)
is_x86 = platform.machine() == 'x86_64'
HIGH = 1 << 32
instruction = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0xffff))
program = ctypes.create_string_buffer(struct.pack('HP', 1, ctypes.addressof(instruction)), 16)
nothing = ctypes.create_string_buffer(16)

def call(x86, arm, *arguments):
    wide = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    if libc.syscall(x86 if is_x86 else arm, *wide) < 0: raise OSError(ctypes.get_errno(), '')

def option(name, value, level=socket.SOL_SOCKET):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        call(54, 208, plain.fileno(), level, name, value, len(value))

WAYS = {
    'SO_ATTACH_FILTER': lambda: option(26, program),
    'SO_ATTACH_BPF': lambda: option(50, nothing),
    'SO_ATTACH_REUSEPORT_CBPF': lambda: option(51, nothing),
    'SO_ATTACH_REUSEPORT_EBPF': lambda: option(52, nothing),
    'SO_ATTACH_FILTER with a high bit': lambda: option(HIGH | 26, nothing),
    'SO_ATTACH_BPF with a high bit': lambda: option(50, nothing, HIGH | socket.SOL_SOCKET),
    'SO_ATTACH_REUSEPORT_CBPF with high bits': lambda: option(-HIGH | 51, nothing, -HIGH | socket.SOL_SOCKET),
    'SO_ATTACH_REUSEPORT_EBPF with a high bit': lambda: option(HIGH | 52, nothing),
    'seccomp': lambda: call(317, 277, 1, 0, None),
    'seccomp with a listener': lambda: call(317, 277, 1, 8, None),
    'PR_SET_SECCOMP': lambda: call(157, 167, 22, 2, None, 0, 0),
    'PR_SET_SECCOMP with a high bit': lambda: call(157, 167, HIGH | 22, 2, None, 0, 0),
}
for name, way in WAYS.items():
    try:
        way()
        print(name + ': attached')
    except OSError as error:
        print(name + ': ' + errno.errorcode[error.errno])
`;
