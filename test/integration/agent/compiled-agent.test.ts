import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readAgentSource } from '../../../src/agent/link/source.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

it('the image has each module of the agent compiled by its own Python, of the source that the server sends', async () => {
  const { bundle } = await readAgentSource(new URL('../../../agent/', import.meta.url));
  const content = inflateSync(bundle).toString();
  expect((await server.call('POST', '/sandbox/reader/file', { path: 'sources.json', content })).status).toBe(200);
  const { body } = await server.execute(
    'reader',
    `import _imp, importlib.util, json
sources = {name: text for name, text in json.load(open('sources.json')).items() if not name.endswith('.cjs')}
def stamped(name):
    with open('/usr/lib/clara/agent/' + name, 'rb') as file: return file.read(12)
print([name for name, text in sources.items() if stamped(name) != importlib.util.MAGIC_NUMBER + _imp.source_hash(0, text.encode())])
print('main' in sources, len(sources) > 100)`,
  );
  expect(body).toMatchObject({ output: '[]\nTrue True\n', success: true });
});
