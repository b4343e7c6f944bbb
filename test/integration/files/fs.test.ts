import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

const get = (path: string) => server.call('GET', `/sandbox/f/${path}`);

interface Named {
  readonly path: string;
}

const paths = (entries: readonly Named[]) => entries.map(({ path }) => path);

describe('a listing', () => {
  it('goes depth first by pages, tells links and follows none', async () => {
    await server.shell('f', 'mkdir -p t/a/b && echo hi > t/a/b/c && echo > t/a.txt && ln -s a t/z && chmod 750 t/a');
    const { body } = await get('fs?path=t&depth=32');
    expect(paths(body.entries)).toEqual(['a', 'a/b', 'a/b/c', 'a.txt', 'z'].map((name) => `/workspace/t/${name}`));
    expect(body.entries[0]).toMatchObject({ name: 'a', type: 'directory', mode: '0750', owner: 'user' });
    expect(body.entries[2]).toMatchObject({ type: 'file', size: 3, target: null });
    expect(body.entries[4]).toMatchObject({ type: 'symlink', target: 'a' });
    const pages: string[] = [];
    for (let cursor = ''; cursor !== 'null'; ) {
      const page = await get(`fs?path=t&depth=32&limit=2${cursor && `&cursor=${cursor}`}`);
      pages.push(...paths(page.body.entries));
      cursor = String(page.body.next_cursor);
    }
    expect(pages).toEqual(paths(body.entries));
  });

  it('of 100,000 entries has each once, in the order of their names, whatever the pages', async () => {
    const make = 'import os; os.mkdir("many"); [os.close(os.open(f"many/{n:06}", os.O_CREAT)) for n in range(100_000)]';
    expect((await server.call('POST', '/sandbox/f/execute', { code: make, timeout: 300 })).body.error).toBeNull();
    const found: string[] = [];
    for (let cursor = ''; cursor !== 'null'; ) {
      const { body } = await get(`fs?path=many&limit=10000${cursor && `&cursor=${cursor}`}`);
      found.push(...body.entries.map((entry: { name: string }) => entry.name));
      cursor = String(body.next_cursor);
    }
    expect(found).toEqual(Array.from({ length: 100_000 }, (_, n) => String(n).padStart(6, '0')));
  }, 300_000);

  it('has names that are not UTF-8, which can be asked for', async () => {
    await server.shell('f', "mkdir n && touch n/$'caf\\xe9'");
    const [entry] = (await get('fs?path=n')).body.entries;
    expect(entry).toMatchObject({
      name: 'caf\ufffd',
      name_base64: Buffer.from('caf\xe9', 'latin1').toString('base64'),
    });
    const stat = await get(`fs/stat?path_base64=${encodeURIComponent(entry.path_base64)}`);
    expect(stat.body).toEqual(entry);
  });

  it('says what is wrong', async () => {
    expect(await get('fs?path=none')).toMatchObject({ status: 404 });
    expect(await get('fs?path=/etc/passwd')).toMatchObject({
      status: 422,
      body: { error: expect.stringMatching(/folder/) },
    });
    expect(await get('fs/stat?path=none')).toMatchObject({ status: 404 });
  });
});
