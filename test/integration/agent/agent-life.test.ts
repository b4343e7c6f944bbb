import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIND_AGENT } from '../../support/agent-attacks.ts';
import { type RealServer, removeAll, startRealServer } from '../../support/real-server.ts';

const PRINT_AGENT = `${FIND_AGENT}print(AGENT)`;

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(async () => {
  await server.leave();
  await removeAll(server.dataDir);
});

describe('an agent', () => {
  it('outlives the servers that come and go', async () => {
    const first = (await server.execute('outlives', PRINT_AGENT)).body.output;
    expect(first).toMatch(/^\d+\n$/);
    for (let servers = 0; servers < 3; servers += 1) {
      await server.leave();
      server = await startRealServer({ SANDBOX_DATA_DIR: server.dataDir });
      expect((await server.execute('outlives', PRINT_AGENT)).body.output).toBe(first);
    }
  });

  it('that was stopped is replaced, and what runs in the background goes on', async () => {
    const background = (await server.shell('stopped', 'sleep 1000 >/dev/null 2>&1 & echo $!')).body.output.trim();
    const before = (await server.execute('stopped', PRINT_AGENT)).body.output;
    const { body } = await server.execute('stopped', `${FIND_AGENT}os.kill(AGENT, signal.SIGSTOP); time.sleep(300)`);
    expect(body).toMatchObject({ success: false, exit_code: 137 });
    const after = await server.shell('stopped', `tr '\\0' ' ' < /proc/${background}/cmdline`);
    expect(after.body.output).toBe('sleep 1000 ');
    expect((await server.execute('stopped', PRINT_AGENT)).body.output).not.toBe(before);
  });
});
