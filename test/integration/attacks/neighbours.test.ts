import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBareBeside } from '../../support/bare-container.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';
import { HOLDS, toScript, USER_COUNTS, untilHeld, whileSet } from '../../support/user-counts.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_POOL_SIZE: '1' });
});

afterAll(() => server.close());

/** Nobody's on any machine. */
const SHARED_USER = '1878000000:1878000000';

const LINES = Array.from({ length: 20_000 }, (_, line) => `${line + 1}\n`).join('');

describe.each(USER_COUNTS)('a sandbox that takes all $what that the kernel gives its user', (count) => {
  it('would leave none to containers of the same user', async () => {
    const holding = toScript(count.takes, "print('held')", 'time.sleep(600)');
    const seen = await whileSet(count, () => runBareBeside(holding, toScript(count.asks), SHARED_USER));
    expect(seen).toBe(`${count.fails}\n`);
  });

  it('leaves its neighbours theirs, and their calls work', async () => {
    for (const user of ['greedy', 'neighbour'])
      expect((await server.execute(user, 'print(1)')).body.output).toBe('1\n');
    await whileSet(count, async () => {
      const holding = server.execute('greedy', toScript(count.takes, HOLDS), { timeout: 170 });
      await untilHeld(server, holding);
      const own = await server.execute('greedy', toScript(count.asks));
      // More than a pipe holds, so that it has to be read while it comes.
      const ownShell = await server.shell('greedy', 'seq 20000');
      const next = await server.execute('neighbour', toScript(count.asks));
      const shell = await server.shell('neighbour', 'echo works');
      await server.call('POST', '/sandbox/greedy/file', { path: 'end', content: '' });
      expect((await holding).body).toMatchObject({ success: true });
      expect(next.body).toMatchObject({ success: true, output: `${count.works}\n` });
      expect(shell.body).toMatchObject({ success: true, output: 'works\n' });
      expect(ownShell.body).toMatchObject({ success: true, output: LINES });
      // gVisor's kernel counts some of these for a process, or not at all.
      if (!IS_GVISOR) expect(own.body.output).toBe(`${count.fails}\n`);
    });
    expect((await server.execute('greedy', toScript(count.asks))).body.output).toBe(`${count.works}\n`);
  });
});
