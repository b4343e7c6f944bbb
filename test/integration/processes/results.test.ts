import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEvents } from '../../support/event-stream.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
}, 120_000);

afterAll(async () => await server?.close(), 120_000);

/** All events of code that is streamed. */
const stream = (route: string, code: string) =>
  readEvents(
    fetch(`${server.url}/sandbox/u/${route}`, {
      method: 'POST',
      headers: { 'X-API-Key': server.apiKey, 'Content-Type': 'application/json' },
      body: JSON.stringify({ code, stream: true }),
    }),
  );

const PNG = /^iVBORw0KGgo/;

/** The MIME types of each result. */
const typesOf = (results: readonly { data: Record<string, unknown> }[]) => results.map(({ data }) => Object.keys(data));

describe('a plain execute', { timeout: 120_000 }, () => {
  it('has no results where nothing is shown, and no exception', async () => {
    const { body } = await server.execute('u', 'print(1)');
    expect(body).toMatchObject({ output: '1\n', results: [], results_truncated: false, exception: null });
    expect((await server.shell('u', 'echo 1')).body).not.toHaveProperty('results');
  });

  it('has what is displayed', async () => {
    const { body } = await server.execute('u', "import pandas as pd\ndisplay(pd.DataFrame({'a': [1]}))\nprint(2)");
    expect(body).toMatchObject({ output: '2\n', success: true });
    expect(typesOf(body.results)).toEqual([['text/plain', 'text/html']]);
  });

  it('has the figures of matplotlib at show and those that are open at the end, each once', async () => {
    const code = [
      'import matplotlib.pyplot as plt',
      'plt.plot([1, 2]); plt.show()',
      'plt.savefig("saved.png")',
      'plt.figure(); plt.plot([3, 1])',
      'plt.figure(); closed = plt.plot([1]); plt.close()',
    ].join('\n');
    for (const user of ['u', 'u', 'other']) {
      const { body } = await server.execute(user, code, { timeout: 100 });
      expect(body).toMatchObject({ success: true, output: '', stderr: '' });
      expect(typesOf(body.results)).toEqual([
        ['text/plain', 'image/png'],
        ['text/plain', 'image/png'],
      ]);
      expect(body.results[0].data['image/png']).toMatch(PNG);
    }
  });

  it('draws each figure by itself, as show closes what it has shown; what is saved then is what was shown', async () => {
    const code = [
      'import matplotlib.pyplot as plt, matplotlib.image as image',
      'for _ in range(2): plt.plot([1, 2]); plt.show(); print(plt.get_fignums())',
      'plt.savefig("saved.png"); print((image.imread("saved.png") < 1).any(), plt.get_fignums())',
      'plt.plot([2, 1])',
    ].join('\n');
    const { body } = await server.execute('u', code, { timeout: 100 });
    expect(body).toMatchObject({ success: true, output: '[]\n[]\nTrue []\n', stderr: '' });
    const [first, second, third, ...more] = body.results.map(
      ({ data }: { data: Record<string, string> }) => data['image/png'],
    );
    expect([second, more]).toEqual([first, []]);
    expect(third).toMatch(PNG);
    expect(third).not.toBe(first);
  });

  it('clears what was shown, and prints nothing for it', async () => {
    const code = 'from IPython.display import clear_output\nprint(1)\ndisplay(2)\nclear_output(wait=True)\ndisplay(3)';
    const { body } = await server.execute('u', code);
    expect(body).toMatchObject({ output: '1\n', results: [{ data: { 'text/plain': '3' } }] });
    const cleared = (await stream('execute', code)).filter(({ event }) => event === 'clear_output');
    expect(cleared.map(({ data }) => data)).toEqual([{ wait: true }]);
  });

  it('has the pictures of PIL, once', async () => {
    const { body } = await server.execute('u', "from PIL import Image\nImage.new('CMYK', (3, 3)).show()");
    expect(typesOf(body.results)).toEqual([['text/plain', 'image/png']]);
  });

  it('has what IPython displays, which prints as without a server', async () => {
    const { body } = await server.execute('u', "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))");
    expect(body.output).toBe('<IPython.core.display.HTML object>\n');
    expect(body.results[0].data['text/html']).toBe('<b>x</b>');
  });

  it('has the exception that ended it', async () => {
    const { body } = await server.execute('u', '1/0');
    expect(body).toMatchObject({
      success: false,
      results: [],
      exception: { name: 'ZeroDivisionError', value: 'division by zero' },
    });
    expect(`${body.exception.traceback.join('\n')}\n`).toBe(body.stderr);
    expect((await server.execute('u', 'x = = 1')).body.exception.name).toBe('SyntaxError');
    expect((await server.execute('u', 'exit(3)')).body.exception).toBeNull();
  });

  it('keeps to its bounds whatever is shown, and says so', async () => {
    const kill = 'import os\nos.kill(os.getpid(), 9)';
    const many = await server.execute('u', `for _ in range(2000): display("x" * 20000)\n${kill}`, { timeout: 100 });
    expect(many.body).toMatchObject({ killed_by: 'SIGKILL', results_truncated: true });
    expect(many.body.results.length).toBeLessThanOrEqual(1000);
    const place = "import os, sys\nopen(os.path.dirname(sys.argv[0]) + '/shown', 'wb')";
    const nonsense = await server.execute('u', `${place}.write(b'{}\\n' * 8_000_000)`);
    expect(nonsense.body).toMatchObject({ success: true, results: [], results_truncated: true });
    expect((await server.execute('u', `${place}.truncate(1 << 30)`)).body.results).toEqual([]);
  });

  it('tells it as it goes, in its place, and the exception at the end', async () => {
    const events = await stream('execute', 'print(1)\ndisplay(2)\nprint(3)\n1/0');
    const names = events.map(({ event }) => event);
    // A text may come in pieces.
    expect(names.filter((name, index) => name !== names[index - 1])).toEqual([
      'start',
      'stdout',
      'result',
      'stdout',
      'stderr',
      'error',
      'exit',
    ]);
    expect(events.find(({ event }) => event === 'result')).toEqual({
      id: expect.any(Number),
      event: 'result',
      data: { data: { 'text/plain': '2' }, metadata: {}, is_main: false, display_id: null, update: false },
    });
    expect(events.at(-1)?.data).toMatchObject({ results_truncated: false, exception: { name: 'ZeroDivisionError' } });
    expect(events.at(-1)?.data).not.toHaveProperty('results');
  });
});

describe('a streamed cell', { timeout: 120_000 }, () => {
  it('ends with its exception', async () => {
    const events = await stream('contexts/default/execute', '1/0');
    expect(events.at(-1)).toMatchObject({
      event: 'exit',
      data: { success: false, exception: { name: 'ZeroDivisionError' }, results_truncated: false },
    });
  });
});
