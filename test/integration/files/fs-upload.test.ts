import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

const shell = async (command: string): Promise<string> => (await server.shell('f', command)).body.output;

describe('a form', () => {
  it('brings files of any size', async () => {
    const bytes = randomBytes(30_000_000);
    const body = new FormData();
    body.append('path', 'in/deep');
    body.append('one', new Blob([bytes]), 'big.bin');
    body.append('two', new Blob(['small']), 'ä b.txt');
    const headers = { 'x-api-key': server.apiKey };
    const answer = await fetch(`${server.url}/sandbox/f/fs/upload`, { method: 'POST', headers, body });
    expect(await answer.json()).toEqual({
      files: [
        { path: '/workspace/in/deep/big.bin', size: 30_000_000 },
        { path: '/workspace/in/deep/ä b.txt', size: 5 },
      ],
    });
    const digest = createHash('sha256').update(bytes).digest('hex');
    expect(await shell('cd in/deep; sha256sum < big.bin; cat "ä b.txt"')).toBe(`${digest}  -\nsmall`);
  });

  it('whose client leaves has left nothing of the file that was under way', async () => {
    const headers = { 'x-api-key': server.apiKey, 'content-type': 'multipart/form-data; boundary=b' };
    const upload = request(`${server.url}/sandbox/f/fs/upload`, { method: 'POST', headers });
    upload.on('error', () => undefined);
    const part = (name: string, file: string) => `--b\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`;
    upload.write(`${part('path', '')}left\r\n${part('f', '; filename="whole"')}1\r\n${part('f', '; filename="cut"')}`);
    upload.write(Buffer.alloc(1_000_000));
    await expect.poll(() => shell('ls left'), { timeout: 20_000 }).toBe('whole\n');
    const closed = new Promise((resolve) => upload.once('close', resolve));
    upload.destroy();
    await closed;
    await expect.poll(async () => (await server.call('GET', '/sandbox/f/fs?path=left')).body.entries.length).toBe(1);
    expect(await shell('ls left')).toBe('whole\n');
  });

  it('that is refused is answered although its rest has not been read', async () => {
    const body = new FormData();
    body.append('path', '/etc');
    body.append('file', new Blob([Buffer.alloc(5_000_000)]), 'no');
    const headers = { 'x-api-key': server.apiKey };
    const answer = await fetch(`${server.url}/sandbox/f/fs/upload`, { method: 'POST', headers, body });
    expect(answer.status).toBe(422);
  });
});

describe('an archive', () => {
  it.each(['tar c', 'tar cz', 'tar cj', 'tar cJ', 'zip -q -'])(
    'made by %s is unpacked by its content',
    async (made) => {
      await shell(`mkdir -p a && echo hi > a/f && ${made} ${made === 'zip -q -' ? '-r a' : 'a'} > archive`);
      const headers = { 'x-api-key': server.apiKey };
      const archive = await fetch(`${server.url}/sandbox/f/raw?path=archive`, { headers });
      const body = Buffer.from(await archive.arrayBuffer());
      const put = await fetch(`${server.url}/sandbox/f/archive?path=out`, { method: 'PUT', headers, body });
      expect(await put.json()).toMatchObject({ bytes: 3 });
      expect(await shell('cat out/a/f && rm -r out')).toBe('hi\n');
    },
  );
});
