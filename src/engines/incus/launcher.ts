import type { EngineSpec } from '../engine.ts';
import { CORE_BYTES, OPEN_FILES } from '../hardening/limits.ts';

/** Where a virtual machine keeps the launcher, which root alone can write. */
export const LAUNCHER_PATH = '/run/clara-launcher.py';

/** What comes before the arguments of a program that is started in a virtual machine, as its root. */
export const LAUNCHED = ['python3', '-I', '-S', LAUNCHER_PATH] as const;

/**
 * The Python program that becomes the user of a spec, in its groups, and then the program of its arguments: without capabilities,
 * without new privileges, and within the limits that Incus does not hold in a virtual machine. It ends as the program does, with 127
 * where there is none and 126 where that cannot run.
 */
export function toLauncher({
  user,
  groups = [],
  pidsLimit,
}: Pick<EngineSpec, 'user' | 'groups' | 'pidsLimit'>): string {
  return `import ctypes, os, resource, sys
libc = ctypes.CDLL(None, use_errno=True)
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
capability = 0
while libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
    capability += 1
os.setgroups([${groups.join(', ')}])
os.setresgid(${user.gid}, ${user.gid}, ${user.gid})
for limit, most in ((resource.RLIMIT_NPROC, ${pidsLimit}), (resource.RLIMIT_NOFILE, ${OPEN_FILES}), (resource.RLIMIT_CORE, ${CORE_BYTES})):
    resource.setrlimit(limit, (most, most))
os.setresuid(${user.uid}, ${user.uid}, ${user.uid})
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
    os._exit(126)
try:
    os.execvp(sys.argv[1], sys.argv[1:])
except FileNotFoundError:
    os._exit(127)
except OSError:
    os._exit(126)
`;
}
