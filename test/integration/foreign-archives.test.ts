import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import unzipper from 'unzipper';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../support/real-server.ts';

const KEY = { 'x-api-key': 'key-for-these-tests' };
const FILES: readonly (readonly [string, string])[] = [
  ['plain.txt', 'plain'],
  ['deep/er/Grüße 🎉.txt', 'party'],
  [`${'long-folder-name/'.repeat(12)}end.txt`, 'far'],
];

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

const urlOf = (path: string, format: string) => `${server.url}/sandbox/a/archive?path=${path}&format=${format}`;

async function download(path: string, format: string): Promise<Buffer> {
  const response = await fetch(urlOf(path, format), { headers: KEY });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

async function readTar(bytes: Buffer): Promise<[string, string][]> {
  const files: [string, string][] = [];
  const entries = extract();
  Readable.from([bytes]).pipe(entries);
  for await (const entry of entries) {
    const content = (await buffer(entry)).toString();
    if (entry.header.type === 'file') files.push([entry.header.name, content]);
  }
  return files;
}

async function readZip(bytes: Buffer): Promise<[string, string][]> {
  const { files } = await unzipper.Open.buffer(bytes);
  const plain = files.filter(({ type }) => type === 'File');
  return await Promise.all(
    plain.map(async (file): Promise<[string, string]> => [file.path, (await file.buffer()).toString()]),
  );
}

describe('an archive', () => {
  it('that another library made is unpacked, and what comes out others can read', async () => {
    const archive = pack();
    for (const [name, content] of FILES) archive.entry({ name }, content);
    archive.finalize();
    const uploaded = await fetch(urlOf('in', 'tar'), { method: 'PUT', headers: KEY, body: await buffer(archive) });
    expect(uploaded.status).toBe(200);
    const sorted = [...FILES].map(([name, content]) => [name, content]).sort();
    expect((await readTar(await download('in', 'tar'))).sort()).toEqual(sorted);
    expect((await readZip(await download('in', 'zip'))).sort()).toEqual(sorted);
  });
});
