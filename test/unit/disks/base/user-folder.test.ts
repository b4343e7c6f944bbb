import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandFailure } from '../../../../src/disks/base/command.ts';
import type { MountNamespace } from '../../../../src/disks/base/mount-namespace.ts';
import { makeUserFolders } from '../../../../src/disks/base/user-folder.ts';

const OWN = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const OTHER = { uid: OWN.uid + 1, gid: OWN.gid + 1 };
let root = '';
let folder = '';
/** What was run, with the time that it had. */
let runs: { readonly line: string; readonly deadlineMs: number }[];
/** What each run does; the programs themselves never run. */
let outcome: (line: string) => string = () => '';

const space: MountNamespace = {
  reach: (path) => path,
  mountPoints: async () => [],
  mounts: async () => [],
  run: async (program, argv, deadlineMs) => {
    const line = [program, ...argv].join(' ');
    runs.push({ line, deadlineMs });
    return outcome(line);
  },
};

const lines = () => runs.map(({ line }) => line);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'clara-folder-'));
  folder = join(root, 'workspace');
  runs = [];
  outcome = () => '';
});

afterEach(() => rm(root, { recursive: true }));

describe("the folder of a sandbox's user", () => {
  it("is made where it is absent, and left as it is where it is that user's", async () => {
    await makeUserFolders(space, [folder], OWN, { isOwnFileSystem: true });
    await makeUserFolders(space, [folder], OWN, { isOwnFileSystem: true });
    expect((await lstat(folder)).mode & 0o777).toBe(0o700);
    expect(lines()).toEqual([]);
  });

  it("is given where it is another's: owners first, then set-id bits, in one time for all folders", async () => {
    const packages = join(root, 'packages');
    for (const path of [folder, packages]) await mkdir(path);
    await makeUserFolders(space, [folder, packages], OTHER, { isOwnFileSystem: true });
    expect(lines()).toEqual(
      [folder, packages].flatMap((path) => [
        `chown -R -h -P -- ${OTHER.uid}:${OTHER.gid} ${path}`,
        `chmod -R -- ug-s ${path}`,
      ]),
    );
    const times = runs.map(({ deadlineMs }) => deadlineMs);
    expect(Math.max(...times)).toBeLessThanOrEqual(300_000);
    expect(times).toEqual([...times].sort((one, other) => other - one));
    expect(await readdir(root)).toEqual(['packages', 'workspace']);
  });

  it('that is shared keeps handing its group on, in all folders of it', async () => {
    await mkdir(folder);
    await makeUserFolders(space, [folder], OTHER, { isOwnFileSystem: true, isShared: true });
    expect(lines()).toEqual([
      `chown -R -h -P -- ${OTHER.uid}:${OTHER.gid} ${folder}`,
      `chmod -R -- ug-s ${folder}`,
      `find ${folder} -xdev -type d -exec chmod -- g+s {} +`,
    ]);
  });

  it('that was not given in time is marked, and given by the next start whoever it seems to belong to', async () => {
    await mkdir(folder);
    outcome = (line) => {
      if (line.startsWith('chmod')) throw new CommandFailure('chmod failed: it took too long', null, { cause: null });
      return '';
    };
    const late = makeUserFolders(space, [folder], OTHER, { isOwnFileSystem: true });
    await expect(late).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/not all given to its user; the next start tries it again/),
    });
    expect(await readFile(`${folder}.giving`, 'utf8')).toBe(String(OWN.uid));
    outcome = () => '';
    runs = [];
    // As if the owners had been given: the folder is that user's already.
    await makeUserFolders(space, [folder], OWN, { isOwnFileSystem: true });
    expect(lines()).toHaveLength(2);
    expect(await readdir(root)).toEqual(['workspace']);
    await makeUserFolders(space, [folder], OWN, { isOwnFileSystem: true });
    expect(lines()).toHaveLength(2);
  });

  it('is not given where a file of somebody else has another name, which may be outside', async () => {
    await mkdir(folder);
    outcome = (line) => (line.startsWith('find') ? `${folder}/planted\n` : '');
    await expect(makeUserFolders(space, [folder], OTHER, { isOwnFileSystem: false })).rejects.toMatchObject({
      kind: 'unavailable',
      cause: expect.objectContaining({ message: expect.stringContaining('planted') }),
    });
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toContain(`! -type d -links +1 ! -uid ${OWN.uid} ! -uid ${OTHER.uid}`);
  });

  it.each(['a link', 'a file'])('is refused where %s is in its place', async (what) => {
    const outside = join(root, 'outside');
    await mkdir(outside, { mode: 0o755 });
    if (what === 'a link') await symlink(outside, folder);
    else await writeFile(folder, '');
    await expect(makeUserFolders(space, [folder], OTHER, { isOwnFileSystem: true })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/is none, or a link/),
    });
    expect((await lstat(outside)).mode & 0o777).toBe(0o755);
    expect(lines()).toEqual([]);
  });
});
