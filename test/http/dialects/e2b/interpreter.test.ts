import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvdApp, startEnvdApp } from '../../../support/envd-app.ts';
import { until } from '../../../support/until.ts';

const PORT = 49_999;

let app: EnvdApp;

beforeAll(async () => {
  app = await startEnvdApp();
});

afterAll(() => app.fake.close());

/** Calls the interpreter of the sandbox. */
const post = async (url: string, payload: object) =>
  await app.fake.inject({ method: 'POST', url, headers: app.headersFor(PORT), payload });

/** A context; what code in it writes. */
async function makeContext() {
  const { id } = (await post('/contexts', { cwd: '/tmp', language: 'bash' })).json();
  return async (code: string, variables = {}): Promise<string> =>
    (await post('/execute', { code, context_id: id, env_vars: variables })).body
      .split('\n')
      .filter((line) => line.includes('"stdout"'))
      .map((line) => JSON.parse(line).text)
      .join('');
}

describe('the variables of one call of the interpreter', () => {
  it('are not seen by a call that comes while that runs', async () => {
    const [run, runBeside] = [await makeContext(), await makeContext()];
    await runBeside('mkfifo go');
    const first = run('touch begun; read -r line < go; echo "$ONE"', { ONE: 'its own' });
    const isThere = async () => (await app.envd('GET', '/files?path=/tmp/begun')).statusCode === 200;
    await until('the first one runs', isThere);
    const second = run('printenv ONE || echo none');
    await runBeside('echo > go');
    expect([await first, await second]).toEqual(['its own\n', 'none\n']);
  });
});
