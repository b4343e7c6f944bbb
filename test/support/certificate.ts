import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What a TLS server is that vouches for itself, both in PEM. */
export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

/** A certificate of this name that nobody trusts who is not told to; writes `key.pem` and `certificate.pem` into the folder. */
export async function makeCertificate(name: string, folder: string): Promise<Certificate> {
  const keyFile = join(folder, 'key.pem');
  const file = join(folder, 'certificate.pem');
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const kind = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  await promisify(execFile)('openssl', [...kind, '-keyout', keyFile, '-out', file, ...subject]);
  return { key: await readFile(keyFile, 'utf8'), certificate: await readFile(file, 'utf8') };
}
