import { readFile, realpath } from 'node:fs/promises';

/** Where a folder lies, as this process sees it. */
export interface FileSystem {
  /** Such as ext4, vfat or nfs4; `unknown` where the kernel does not say. */
  readonly type: string;
  /** Those of the mount, such as ro or noexec. */
  readonly options: readonly string[];
}

/** The file system of a folder that is there (proc(5), mountinfo). */
export async function fileSystemOf(folder: string): Promise<FileSystem> {
  const path = await realpath(folder);
  let found: { readonly point: string; readonly fileSystem: FileSystem } | undefined;
  for (const line of (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')) {
    const [mount = '', details = ''] = line.split(' - ');
    const [, , , , point = '', options = ''] = mount.split(' ').map(unescapeField);
    // Of several at one point the last one lies on top.
    if (!isBelow(path, point) || point.length < (found?.point.length ?? 0)) continue;
    found = { point, fileSystem: { type: details.split(' ')[0] ?? '', options: options.split(',') } };
  }
  return found?.fileSystem ?? { type: 'unknown', options: [] };
}

function isBelow(path: string, point: string): boolean {
  return point === '/' || path === point || (point !== '' && path.startsWith(`${point}/`));
}

/** Blanks and backslashes are written as three octal digits. */
function unescapeField(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
