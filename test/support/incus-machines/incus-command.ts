import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** As `incus query`, which is all that it can: what the API at INCUS_SOCKET answers, or its refusal and code 1. */
const PROGRAM = `#!${process.execPath}
const { request } = require('node:http');
const [, , command, path] = process.argv;
if (command !== 'query') process.exit(2);
const fail = (sentence) => {
  console.error('Error: ' + sentence);
  process.exit(1);
};
const asked = request({ socketPath: process.env.INCUS_SOCKET, path }, async (response) => {
  const { type, error, metadata } = JSON.parse((await response.toArray()).join(''));
  if (type === 'error') fail(error);
  console.log(JSON.stringify(metadata, null, 2));
});
asked.on('error', (error) => fail(error.message)).end();
`;

/** A folder with a command `incus`, for who has none, and the PATH with it before all others. */
export async function makeIncusCommand() {
  const folder = await mkdtemp(join(tmpdir(), 'clara-incus-command-'));
  await writeFile(join(folder, 'incus'), PROGRAM, { mode: 0o755 });
  return { path: `${folder}:${process.env.PATH}`, remove: () => rm(folder, { recursive: true }) };
}
