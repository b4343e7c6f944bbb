import { posix } from 'node:path';

/** Folders that the image, the kernel or the server have for themselves, with all below them. */
const KEPT = [
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/home',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/packages',
  '/proc',
  '/root',
  '/run',
  '/sbin',
  '/sys',
  '/tmp',
  '/usr',
  '/var/run',
  '/workspace',
];

const MAX_PATH = 256;

/** Why a volume cannot be mounted at this path, as the end of a sentence; null where it can. */
export function whyNotMountable(path: string): string | null {
  if (!path.startsWith('/') || path.length > MAX_PATH)
    return `must be an absolute path of ${MAX_PATH} characters or fewer`;
  if (posix.normalize(path).replace(/(.)\/$/, '$1') !== path)
    return 'must be a path without ., .. and slashes that mean nothing';
  if (!/^[\w@%+=:,./ -]+$/.test(path)) return 'must have letters, digits, spaces and @%+=:,._- only';
  if (path === '/') return 'must not be /';
  const kept = KEPT.find((folder) => path === folder || path.startsWith(`${folder}/`));
  return kept === undefined ? null : `must not be in ${kept}, which is no place for volumes`;
}
