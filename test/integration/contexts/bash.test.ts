import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ContextClient } from '../../support/context-client.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;
let contexts: ContextClient;

beforeAll(async () => {
  server = await startRealServer();
  contexts = new ContextClient(server);
});

afterAll(async () => {
  await server.close();
});

afterEach(() => contexts.deleteAll());

describe('a context of bash', () => {
  it('keeps variables, functions, its folder and its environment, with outputs apart', async () => {
    expect(await contexts.make('sh', 'shell')).toMatchObject({
      status: 201,
      body: { language: 'bash', cwd: '/workspace' },
    });
    expect(await contexts.run('sh', 'x=5; f() { echo "f $1"; }; cd /tmp; export MINE=1')).toMatchObject({
      success: true,
    });
    const code = 'echo "$x $(f 1) $PWD"; python3 -c "import os; print(os.environ[\'MINE\'])"; echo err >&2; (exit 7)';
    expect(await contexts.run('sh', code)).toMatchObject({
      output: '5 f 1 /tmp\n1\n',
      stderr: 'err\n',
      exit_code: 7,
      success: false,
      execution_count: 2,
      results: [],
      exception: null,
    });
  });

  it('has errors for what is not finished, and nobody who types', async () => {
    await contexts.make('sh', 'bash');
    const cut = await contexts.run('sh', 'echo "a');
    expect(cut).toMatchObject({ exit_code: 2, output: '' });
    expect(cut.error).toContain('unexpected EOF while looking for matching');
    expect(await contexts.run('sh', 'cat; cat <<EOF\nthere $((1 + 1))\nEOF')).toMatchObject({
      output: 'there 2\n',
      exit_code: 0,
    });
  });

  it('is interrupted, at its timeout too, and keeps its variables', async () => {
    await contexts.make('sh', 'bash');
    const all = await contexts.interrupted('sh', 'kept=1; echo in; sleep 60; echo after');
    expect(all.at(-1)).toMatchObject({ event: 'exit', data: { exit_code: 130, context_restarted: false } });
    expect(await contexts.run('sh', 'while :; do :; done', { timeout: 1 })).toMatchObject({
      exit_code: 124,
      timed_out: true,
      context_restarted: false,
    });
    expect(await contexts.run('sh', 'echo $kept')).toMatchObject({ output: '1\n' });
  });

  it('ends alone by exit, which is said twice', async () => {
    await contexts.make('sh', 'bash');
    expect(await contexts.run('sh', 'echo bye; exit 4')).toMatchObject({
      output: 'bye\n',
      exit_code: 4,
      context_restarted: true,
    });
    expect(await contexts.run('sh', 'echo "[$x]"')).toMatchObject({ output: '[]\n', context_restarted: true });
  });

  it('takes no input when it is streamed', async () => {
    await contexts.make('sh', 'bash');
    const all = await contexts.interrupted('sh', 'echo in; sleep 60');
    expect(all.map(({ event }) => event)).toEqual(['start', 'stdout', 'exit']);
    const { process_id: id } = all[0]?.data ?? {};
    const answer = await server.call('POST', `/sandbox/u/processes/${id}/stdin`, 'a');
    expect(answer.status).toBe(409);
  });
});
