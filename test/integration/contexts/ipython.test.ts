import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DISPLAY_PROGRAMS } from '../../support/ipython-display-programs.ts';
import { FAILING_PROGRAMS } from '../../support/ipython-failing-programs.ts';
import { MAGIC_PROGRAMS } from '../../support/ipython-magic-programs.ts';
import { MORE_PROGRAMS } from '../../support/ipython-more-programs.ts';
import { OUTPUT_PROGRAMS } from '../../support/ipython-output-programs.ts';
import { PROGRAMS } from '../../support/ipython-programs.ts';
import { type Answer, type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
}, 120_000);

afterAll(async () => await server?.close(), 120_000);

const REFERENCE = new URL('../../support/ipython_reference.py', import.meta.url);

/** What is another each time, an end of line that a pseudo-terminal makes, and those within a picture. */
const settled = (told: unknown) =>
  JSON.parse(
    JSON.stringify(told, (key, value) =>
      /^image\/(?:png|jpeg)$/.test(key) && typeof value === 'string' ? value.replace(/\s/g, '') : value,
    )
      .replaceAll('\\r\\n', '\\n')
      .replace(/0x[0-9a-f]+/g, '0x…'),
  );

interface ShownResult {
  readonly is_main: boolean;
  readonly data: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What a context answers, in the form of the reference. */
function toRow(program: string, { body }: Answer) {
  const results: readonly ShownResult[] = body.results;
  const { exception } = body;
  const toPair = ({ data, metadata }: ShownResult) => [data, metadata];
  const main = results.findLast((result) => result.is_main);
  return {
    program,
    output: body.output,
    stderr: body.stderr,
    value: main ? toPair(main) : null,
    shown: results.filter((result) => !result.is_main).map(toPair),
    error: exception && [exception.name, exception.value, exception.traceback.join('\n')],
    count: body.execution_count,
  };
}

const cell = async (user: string, code: string) =>
  await server.call('POST', `/sandbox/${user}/contexts/default/execute`, { code, timeout: 100 });

describe('a context of Python', { timeout: 280_000 }, () => {
  it.each([
    ['of values, names, errors and syntax, magics and help', [...PROGRAMS, ...MORE_PROGRAMS]],
    ['of more magics, and of the shell', MAGIC_PROGRAMS],
    ['that show', DISPLAY_PROGRAMS],
    ['that wait, warn and fail', FAILING_PROGRAMS],
    ['that write, and show figures and frames', OUTPUT_PROGRAMS],
  ])('answers programs %s as the IPython of the image does', async (_, programs) => {
    const headers = { 'x-api-key': server.apiKey };
    const put = async (path: string, content: string) =>
      await server.call('PUT', `/sandbox/reference/raw?path=${path}`, undefined, { headers, body: content });
    await put('programs.json', JSON.stringify(programs));
    // By `execute` it would have what that adds to Python.
    await put('/tmp/reference.py', await readFile(REFERENCE, 'utf8'));
    const { body } = await server.shell('reference', 'python3 /tmp/reference.py', { timeout: 200 });
    expect(body).toMatchObject({ success: true, error: null });
    const table = JSON.parse(body.output.trimEnd().split('\n').at(-1));
    expect(table).toHaveLength(programs.length);
    await server.call('POST', '/sandbox/table/contexts', { id: 'default' });
    await server.call('POST', '/sandbox/table/contexts/default/restart');
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
