import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLogger } from '../../../src/base/log.ts';
import { impostor } from '../../support/agent-attacks.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

/** Connections that each impostor asks for, and gives up at once: few seconds of what a server takes of one agent. */
const DIALS = 4_000;

const IMPOSTORS = ['one', 'two'];

interface Line {
  readonly msg: string;
  readonly sandbox?: string;
  readonly verdict?: string;
  readonly [more: string]: unknown;
}

let server: RealServer;
const logged: Line[] = [];

beforeAll(async () => {
  const logger = createLogger('info', { write: (text: string) => void logged.push(JSON.parse(text)) });
  const variables = { SANDBOX_NETWORK: 'proxy', SANDBOX_PIDS_LIMIT: '128', SANDBOX_DOCKER_MEMORY: '256m' };
  server = await startRealServer(variables, { logger });
});
afterAll(() => server.close());

const SPEAK = `send(out, hello(hash))
for first in range(2, ${2 * DIALS}, 200):
    send(out, b''.join(frame(2, n, b'{"op":"dial","host":"10.0.0.1","port":1}') + frame(9, n) for n in range(first, first + 200, 2)))
open('/workspace/sent', 'w').close()
os.close(out)`;

/** Calls in the impostor's sandbox until one is right again, while the neighbour's are right all along. */
async function heal(user: string): Promise<void> {
  let isHealed = false;
  while (!isHealed) {
    const call = server.execute(user, "import os; print(os.path.exists('/workspace/sent'))", { timeout: 10 });
    let isOver = false;
    const over = call.finally(() => {
      isOver = true;
    });
    do {
      const neighbour = await server.execute('neighbour', 'print(6 * 7)');
      expect(neighbour.body).toMatchObject({ success: true, output: '42\n' });
    } while (!isOver);
    isHealed = (await over).body.output === 'True\n';
  }
}

const numberOr0 = (value: unknown): number => (typeof value === 'number' ? value : 0);

it('impostors that ask for connections and give them up, in bulk, cost a few lines of log and no neighbour an answer', async () => {
  await server.execute('neighbour', 'pass');
  for (const user of IMPOSTORS) {
    await server.execute(user, 'pass');
    expect((await server.execute(user, impostor(SPEAK))).body.success).toBe(false);
  }
  await Promise.all(IMPOSTORS.map(heal));
  await server.leave();
  for (const user of IMPOSTORS) {
    const lines = logged.filter(({ sandbox }) => sandbox?.startsWith(`${user}-`));
    const single = lines.filter(({ msg }) => msg === 'egress');
    const bulk = lines.filter(({ msg }) => msg === 'egress in bulk');
    expect(lines.length).toBeLessThan(DIALS / 10);
    const inBulk = bulk.reduce(
      (sum, { limit, cancelled, denied }) =>
        sum + [limit, cancelled, denied].reduce<number>((part, value) => part + numberOr0(value), 0),
      0,
    );
    expect(single.length + inBulk).toBe(DIALS);
  }
});
