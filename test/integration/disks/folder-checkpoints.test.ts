import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

/** Sixty folders in each other, whose path is longer than the kernel lets a program name. */
const DEEP = `import os
for _ in range(60):
  os.mkdir('d' * 200)
  os.chdir('d' * 200)
print('deep')`;

/** A socket is in no archive, and a pipe of gVisor on no disk. */
const NOT_KEPT = /^(?:door|pipe) .*\n/gm;

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_DISK_LIMIT: '256m', SANDBOX_DISK_MECHANISM: 'measure' });
});

afterAll(async () => {
  await server?.close();
});

const take = (user: string) => server.call('POST', `/sandbox/${user}/checkpoints`);
const restore = (user: string, id: string) => server.call('POST', `/sandbox/${user}/checkpoints/${id}/restore`);
const output = async (user: string, command: string) => {
  const { body } = await server.shell(user, command);
  return body.error ? JSON.stringify(body) : body.output;
};

describe('a checkpoint of plain folders', () => {
  it('has links as links, holes as holes, modes, times and owners, and reads no pipe', async () => {
    await server.shell(
      'kinds',
      `ln -s /etc/passwd link; ln -s / root; echo x > a; ln a b; mkfifo pipe; truncate -s 100G hole; chmod 4751 a
       mkdir closed; echo y > closed/in; chmod 000 closed/in closed; touch -d 2020-01-02 a
       python3 -c 'import os, socket; os.setxattr("a", "user.x", b"1"); socket.socket(socket.AF_UNIX).bind("door")'`,
    );
    const look = `stat -c '%n %F %a %h %u %s %y' * | sed 's/ \\(directory\\) \\(.*\\) [0-9]* \\(20.*\\)/ \\1 \\2 \\3/'; readlink link root`;
    const before = String(await output('kinds', look)).replace(NOT_KEPT, '');
    expect(before).toMatch(/hole regular file 644 1 \d+ 107374182400/);
    const { id } = (await take('kinds')).body;
    await server.shell('kinds', 'chmod 700 closed; rm -rf *');
    expect((await restore('kinds', id)).status).toBe(200);
    expect(String(await output('kinds', look)).replace(NOT_KEPT, '')).toBe(before);
    expect(await output('kinds', 'chmod 700 closed; chmod 600 closed/in; cat closed/in; stat -c %h a b')).toBe(
      'y\n2\n2\n',
    );
    // gVisor writes no attribute to the disk.
    const attribute = await server.execute('kinds', "import os; print(os.getxattr('a', 'user.x'))");
    expect(attribute.body.success).toBe(!IS_GVISOR);
  });

  it('is refused where a path is longer than programs can name, and a purge is not', async () => {
    expect((await server.execute('deep', DEEP)).body.output).toBe('deep\n');
    expect(await take('deep')).toMatchObject({
      status: 409,
      body: { error: expect.stringMatching(/path is longer than 3500 bytes/) },
    });
    expect((await server.call('GET', '/sandbox/deep/checkpoints')).body).toEqual({ checkpoints: [] });
    const folder = (await server.call('GET', '/sandbox/deep/status')).body.id;
    expect(await server.call('DELETE', '/sandbox/deep?files=true')).toMatchObject({ status: 200 });
    const left = await readdir(server.dataDir);
    expect(left.filter((name) => name === folder || name.startsWith('pool-'))).toEqual([]);
  });
});
