import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

const KEY = { 'x-api-key': 'key-for-these-tests' };
const DEPTH = 8_000;
/** What the last bytes of a whole archive have. */
const END = { tar: Buffer.alloc(1024), zip: Buffer.from('PK\x05\x06') } as const;

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

const urlOf = (path: string, format: string, user = 'p') =>
  `${server.url}/sandbox/${user}/archive?path=${path}&format=${format}`;

const python = async (code: string): Promise<string> => {
  const { body } = await server.execute('p', code, { timeout: 120 });
  expect(body).toMatchObject({ success: true });
  return body.output;
};

describe.each(['tar', 'zip'] as const)('a folder as %s', (format) => {
  const get = (path: string) => fetch(urlOf(path, format), { headers: KEY });

  it.each([
    ['a file', 'open("no/sub/secret", "w").close(); os.chmod("no/sub/secret", 0)', 'sub/secret'],
    ['a folder', 'os.makedirs("no/sub/closed"); os.chmod("no/sub/closed", 0)', 'sub/closed'],
    ['a folder that hides what is in it', 'os.makedirs("no/sub/f/g"); os.chmod("no/sub/f", 0o400)', 'sub/f'],
  ])('with %s that cannot be read is a 422 that names it', async (_what, code, name) => {
    await python(`import os; os.makedirs("no/sub"); open("no/fine", "w").write("1" * 9_000_000); ${code}`);
    const response = await get('no');
    const { error } = (await response.json()) as { error: string };
    await server.shell('p', 'chmod -R u+rwX no; rm -rf no');
    expect([response.status, error]).toEqual([422, `Permission denied: ${name}.`]);
    expect(response.headers.get('content-disposition')).toBeNull();
  });

  it('says its size where it is known before the archive is whole', async () => {
    const folder = `known-${format}`;
    await python(`import os; os.makedirs("${folder}"); open("${folder}/a", "w").write("x" * 1000)`);
    const small = await get(folder);
    expect((await small.arrayBuffer()).byteLength).toBe(Number(small.headers.get('content-length')));
    await python(`import os; open("${folder}/b", "wb").write(os.urandom(6_000_000))`);
    const large = await get(folder);
    const length = large.headers.get('content-length');
    const { byteLength } = await large.arrayBuffer();
    expect(length).toBe(format === 'tar' ? String(byteLength) : null);
  });

  it('of which a file goes meanwhile breaks off, and is no archive', async () => {
    await python('import os; os.makedirs("live", exist_ok=True); open("live/a", "wb").write(os.urandom(48 << 20))');
    await python('open("live/b", "w").write("b")');
    const request = httpRequest(urlOf('live', format), { headers: KEY });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await python('import os; os.unlink("live/b")');
    const chunks: Buffer[] = [];
    const reading = async () => {
      for await (const chunk of response) chunks.push(chunk);
    };
    await expect(reading()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect([response.statusCode, response.complete]).toEqual([200, false]);
    const part = { method: 'PUT', headers: KEY, body: Buffer.concat(chunks) };
    const refused = await fetch(urlOf('from-part', format), part);
    expect(refused.status).toBe(422);
  });

  it.each([
    // gVisor takes minutes for more: each part of a path costs time there.
    ['comes whole from a sandbox of little memory', 'd', IS_GVISOR ? 300 : DEPTH, 200],
    ['is a 422 where its paths would be the most of it', 'd'.repeat(60), DEPTH, 422],
  ])(
    'thousands of folders deep %s',
    async (_what, name, depth, status) => {
      const user = `deep-${format}-${status}`;
      await server.call('POST', `/sandbox/${user}/create`, { memory_limit: '96m' });
      const makeDeep = `import os
for _ in range(${depth}):
    os.mkdir('${name}'); os.chdir('${name}')
open('end', 'w').close()`;
      expect((await server.execute(user, makeDeep, { timeout: 120 })).body).toMatchObject({ success: true });
      const response = await fetch(urlOf('/workspace', format, user), { headers: KEY });
      const bytes = Buffer.from(await response.arrayBuffer());
      await server.shell(user, 'rm -rf d*', { timeout: 120 });
      expect(response.status).toBe(status);
      if (status === 200) expect(bytes.subarray(-1024).includes(END[format])).toBe(true);
      else
        expect(JSON.parse(bytes.toString())).toMatchObject({
          error: expect.stringMatching(/(take it in parts|a tar archive can)\.$/),
        });
    },
    180_000,
  );
});
