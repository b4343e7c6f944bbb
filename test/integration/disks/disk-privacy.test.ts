import { execFile } from 'node:child_process';
import { chmod, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startRealServer } from '../../support/real-server.ts';

const run = promisify(execFile);

/** Reads a file as a user of this machine who has no part in it. */
const readAsNobody = (path: string) =>
  run('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', 'cat', path]).then(
    ({ stdout }) => stdout,
    ({ stderr }) => stderr,
  );

describe('the files of a sandbox', () => {
  it.each([
    ['loop', 'disk/workspace'],
    ['measure', 'workspace'],
  ])('are closed to other users of the machine, with %s from the next start on too', async (mechanism, place) => {
    const server = await startRealServer({ SANDBOX_DISK_MECHANISM: mechanism, SANDBOX_DISK_LIMIT: '64m' });
    try {
      await chmod(server.dataDir, 0o755);
      await server.shell('u', 'echo private > note; chmod 644 note; chmod 755 /workspace');
      const [id = ''] = (await readdir(server.dataDir)).filter((name) => name.startsWith('u-'));
      const workspace = join(server.dataDir, id, place);
      // Code can open its own folder, as those of older servers are, and then everybody reads it.
      expect(await readAsNobody(join(workspace, 'note'))).toBe('private\n');
      await server.call('POST', '/sandbox/u/restart');
      expect(await readAsNobody(join(workspace, 'note'))).toMatch(/Permission denied/);
      expect((await stat(workspace)).mode & 0o777).toBe(0o700);
      expect((await server.shell('u', 'cat note')).body.output).toBe('private\n');
      await server.shell('new', 'echo private > note; chmod 644 note');
      const [other = ''] = (await readdir(server.dataDir)).filter((name) => name.startsWith('new-'));
      expect(await readAsNobody(join(server.dataDir, other, place, 'note'))).toMatch(/Permission denied/);
    } finally {
      await server.close();
    }
  });
});
