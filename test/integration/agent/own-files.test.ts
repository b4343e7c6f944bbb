import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_DOCKER_MEMORY: '256m' });
});
afterAll(() => server.close());

const KEPT = '/workspace/kept.txt';
const SITE = `site=$(python3 -m site --user-site); mkdir -p "$site"`;

/** Every kind of call works, each the first one after what was done. */
async function expectWhole(user: string, harm: string): Promise<void> {
  await server.execute(user, `open('${KEPT}', 'w').write('kept')`);
  const file = `/sandbox/${user}/file?path=${KEPT}`;
  const calls: readonly (() => Promise<unknown>)[] = [
    async () => (await server.execute(user, `print(open('${KEPT}').read())`)).body.output.trim(),
    async () => (await server.shell(user, `cat ${KEPT}`)).body.output,
    async () => (await server.call('GET', file)).body.content,
  ];
  for (const call of calls) {
    expect((await server.shell(user, harm)).body.error).toBeNull();
    expect(await call()).toBe('kept');
  }
  expect((await server.shell(user, harm)).body.error).toBeNull();
  const written = await server.call('POST', `/sandbox/${user}/file`, { path: KEPT, content: 'kept' });
  expect(written.body).toMatchObject({ success: true });
  expect((await server.call('GET', `/sandbox/${user}/files?path=/workspace`)).body.output).toContain('kept.txt');
}

describe('a sandbox heals with the next call from code that', () => {
  it.each([
    ['closes its workspace', 'chmod 000 /workspace'],
    ['closes its home', 'chmod 000 /home/user'],
    ['closes all its folders', 'chmod 000 /packages /tmp /run/clara /dev/shm /workspace'],
    ['takes the right to write from itself', 'chmod 500 /workspace /packages /tmp /run/clara'],
    [
      'empties all its folders',
      `find /packages /tmp /run/clara -mindepth 1 -delete; find /workspace -mindepth 1 ! -name kept.txt -delete`,
    ],
    ['fills the folder for scripts with folders', 'for n in $(seq 200); do mkdir -p /run/clara/$n/x; done'],
    [
      'has its shells end at once',
      'for name in bashrc profile bash_profile bash_login; do echo exit 3 > ~/.$name; done',
    ],
    [
      'names files like the modules of Python',
      'for name in os io re select socket signal site; do echo "raise SystemExit(9)" > $name.py; done',
    ],
  ])('%s', async (what, harm) => {
    await expectWhole(`heal-${what.replaceAll(/\W+/g, '-')}`, harm);
  });
});

describe('what Python reads at its start', () => {
  it.each([
    ['hangs', 'any.pth', 'import time; time.sleep(1000)', 124, 2],
    ['ends', 'usercustomize.py', 'import os; os._exit(7)', 7, 60],
  ])('and %s breaks Python, which says so, and nothing else', async (what, name, text, code, timeout) => {
    const user = `start-${what}`;
    await server.execute(user, `open('${KEPT}', 'w').write('kept')`);
    expect((await server.shell(user, `${SITE}; echo '${text}' > "$site/${name}"`)).body.success).toBe(true);
    for (let round = 0; round < 2; round += 1) {
      const { body } = await server.execute(user, 'print(1)', { timeout });
      expect(body).toMatchObject({ success: false, exit_code: code });
      expect(body.error).toContain('Python ended or hung before it got to the program');
      expect((await server.shell(user, `cat ${KEPT}`)).body.output).toBe('kept');
      await server.call('POST', `/sandbox/${user}/restart`);
    }
    expect((await server.shell(user, 'rm -r /packages/lib; echo gone')).body.output).toBe('gone\n');
    expect((await server.execute(user, 'print(1)')).body.output).toBe('1\n');
  });
});
