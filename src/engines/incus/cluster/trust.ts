import { createHash, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { z } from 'zod';
import { readText, writeAtomically } from '../../../base/atomic-file.ts';
import { messageOf, SandboxError } from '../../../base/errors.ts';
import { engineSilent } from '../errors.ts';
import { IncusCalls } from '../incus-calls.ts';
import type { IncusTrust } from '../place.ts';
import { firstAnswer } from './first-answer.ts';

/** In the folder of the trust; who has a certificate already puts it there. */
const FILES = { key: 'client.key', certificate: 'client.crt', serverCertificate: 'server.crt' } as const;

const JOIN_MS = 10_000;

/** How long the own certificate is good, in days. */
const DAYS = 3_650;

/** What `incus config trust add` prints. */
const tokenSchema = z.object({ fingerprint: z.string().regex(/^[0-9a-f]{64}$/), secret: z.string().min(1) });

const greetingSchema = z.object({ auth: z.string() });

type OwnCertificate = Pick<IncusTrust, 'key' | 'certificate'>;

/** Where an Incus is that is to trust this server, and what makes it. */
export interface TrustParts {
  readonly urls: readonly string[];
  readonly project: string;
  /** Keeps the certificates; made where it is absent. */
  readonly folder: string;
  /** Good once; null where the certificates are there. */
  readonly token: string | null;
}

/** Where an Incus is that trusts what the server has already. */
export interface Trusted {
  readonly urls: readonly string[];
  readonly project: string;
  readonly trust: IncusTrust;
}

/** What opens an Incus of another machine: as it is given or was kept, else by the token; throws `unavailable` with a sentence where there is none. */
export async function openTrust(parts: TrustParts | Trusted): Promise<IncusTrust> {
  if ('trust' in parts) return parts.trust;
  const { folder, token } = parts;
  const [key, certificate, serverCertificate] = await Promise.all(
    [FILES.key, FILES.certificate, FILES.serverCertificate].map((name) => readText(join(folder, name))),
  );
  const own = key && certificate ? { key, certificate } : null;
  if (own && serverCertificate) return { ...own, serverCertificate };
  if (token === null) {
    const sentence = `Incus at ${parts.urls.join(', ')} does not know this server: set INCUS_TRUST_TOKEN to what \`incus config trust add\` prints, or put ${Object.values(FILES).join(', ')} into ${folder}.`;
    throw new SandboxError('unavailable', sentence);
  }
  return await joinWith(parts, token, own);
}

/** A token is good once, so that the key which it is for is kept before; the last file says that it was taken. */
async function joinWith(parts: TrustParts, token: string, kept: OwnCertificate | null): Promise<IncusTrust> {
  const { folder } = parts;
  const { fingerprint } = readToken(token);
  const shown = await showCertificate(parts.urls);
  if (createHash('sha256').update(shown).digest('hex') !== fingerprint) {
    const sentence = 'The Incus at INCUS_REMOTE shows another certificate than INCUS_TRUST_TOKEN is for.';
    throw new SandboxError('unavailable', sentence);
  }
  const own = kept ?? (await makeCertificate());
  const trust = { ...own, serverCertificate: new X509Certificate(shown).toString() };
  if (!kept) await keep(folder, { [FILES.key]: own.key, [FILES.certificate]: own.certificate });
  await present(parts, trust, token);
  await keep(folder, { [FILES.serverCertificate]: trust.serverCertificate });
  return trust;
}

async function keep(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const [name, text] of Object.entries(files)) await writeAtomically(join(folder, name), text);
  } catch (cause) {
    const sentence = `The certificates by which Incus knows this server cannot be kept in ${folder} (${messageOf(cause)}).`;
    throw new SandboxError('unavailable', sentence, { cause });
  }
}

function readToken(token: string): z.infer<typeof tokenSchema> {
  try {
    return tokenSchema.parse(JSON.parse(Buffer.from(token, 'base64').toString()));
  } catch (cause) {
    const sentence = 'INCUS_TRUST_TOKEN is no token of Incus: take what `incus config trust add` prints, whole.';
    throw new SandboxError('unavailable', sentence, { cause });
  }
}

/** The certificate, in DER, of the first that answers. */
async function showCertificate(urls: readonly string[]): Promise<Buffer> {
  return await firstAnswer(urls, (url) => certificateAt(new URL(url))).catch((error: unknown) => {
    throw engineSilent(error);
  });
}

async function certificateAt({ hostname, port }: URL): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    // Nothing is sent before it was compared.
    const options = { host: hostname, port: Number(port || 443), rejectUnauthorized: false, timeout: JOIN_MS };
    const socket = connect(options, () => {
      resolve(socket.getPeerCertificate().raw);
      socket.destroy();
    });
    socket.once('timeout', () => socket.destroy(new Error('It does not answer.')));
    socket.once('error', reject);
  });
}

/** Where an earlier start was ended after this, Incus knows the certificate, and the token is good no more. */
async function present({ urls, project }: TrustParts, trust: IncusTrust, token: string): Promise<void> {
  const body = { type: 'client', name: 'clara-sandbox', trust_token: token };
  await firstAnswer(urls, async (url) => {
    const calls = new IncusCalls({ url, project, trust }, JOIN_MS);
    try {
      const { auth } = greetingSchema.parse(await calls.get('say whether it knows this server', '/1.0'));
      if (auth === 'trusted') return;
      await calls.change('take the trust token', 'POST', '/1.0/certificates', body);
    } finally {
      await calls.close();
    }
  });
}

/** The library is loaded where a certificate is made, which is once. */
async function makeCertificate(): Promise<OwnCertificate> {
  await import('reflect-metadata');
  const { X509CertificateGenerator, PemConverter, cryptoProvider } = await import('@peculiar/x509');
  // The library's own type of it is that of browsers.
  cryptoProvider.set(webcrypto);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const nowMs = Date.now();
  const made = await X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: 'CN=clara-sandbox',
    notBefore: new Date(nowMs - 86_400_000),
    notAfter: new Date(nowMs + DAYS * 86_400_000),
    signingAlgorithm: algorithm,
    keys,
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { key: PemConverter.encode(key, 'PRIVATE KEY'), certificate: made.toString('pem') };
}
