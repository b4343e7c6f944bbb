import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MORE_PROGRAMS } from '../../support/ipython-more-programs.ts';
import { PROGRAMS } from '../../support/ipython-programs.ts';
import { type Answer, type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
}, 120_000);

afterAll(async () => await server?.close(), 120_000);

const REFERENCE = new URL('../../support/ipython_reference.py', import.meta.url);

/** What is another each time, or an end of line that a pseudo-terminal makes. */
const settled = (told: unknown) =>
  JSON.parse(
    JSON.stringify(told)
      .replaceAll('\\r\\n', '\\n')
      .replace(/0x[0-9a-f]+/g, '0x…'),
  );

interface ShownResult {
  readonly is_main: boolean;
  readonly data: Readonly<Record<string, string>>;
}

/** What a context answers, in the form of the reference. */
function toRow(program: string, { body }: Answer) {
  const results: readonly ShownResult[] = body.results;
  const { exception } = body;
  return {
    program,
    output: body.output,
    value: results.findLast((result) => result.is_main)?.data['text/plain'] ?? null,
    shown: results.filter((result) => !result.is_main).map(({ data }) => data['text/plain'] ?? null),
    error: exception && [exception.name, exception.value, exception.traceback.join('\n')],
    count: body.execution_count,
  };
}

const cell = async (user: string, code: string) =>
  await server.call('POST', `/sandbox/${user}/contexts/default/execute`, { code, timeout: 100 });

describe('a context of Python', { timeout: 280_000 }, () => {
  it('answers a table of programs as the IPython of the image does', async () => {
    const programs = [...PROGRAMS, ...MORE_PROGRAMS];
    const headers = { 'x-api-key': server.apiKey };
    const path = '/sandbox/reference/raw?path=programs.json';
    await server.call('PUT', path, undefined, { headers, body: JSON.stringify(programs) });
    const { body } = await server.execute('reference', await readFile(REFERENCE, 'utf8'), { timeout: 200 });
    expect(body).toMatchObject({ success: true, error: null });
    const table = JSON.parse(body.output.trimEnd().split('\n').at(-1));
    expect(table).toHaveLength(programs.length);
    const answered: unknown[] = [];
    for (const program of programs) answered.push(toRow(program, await cell('table', program)));
    expect(settled(answered)).toEqual(settled(table));
  });

  it('shows no frame of its own in a traceback, whatever the code has called of it', async () => {
    for (const code of ['input()', 'import getpass\ngetpass.getpass()']) {
      const { exception } = (await cell('frames', code)).body;
      expect(exception.value).toMatch(/^input\(\) cannot be answered here/);
      expect(exception.traceback.filter((line: string) => /^(?:File|Cell)/.test(line))).toEqual([
        expect.stringMatching(/^Cell In/),
      ]);
    }
  });
});
