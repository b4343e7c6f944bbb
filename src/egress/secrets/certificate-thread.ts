import type { webcrypto } from 'node:crypto';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';

/** How long one certificate may take, the start of the thread with its libraries included, in milliseconds. */
const ISSUE_MS = 20_000;

/** A thread that nobody asks anything for so long ends, in milliseconds. */
const IDLE_MS = 60_000;

/** Memory of the thread, in MiB. */
const HEAP_MIB = 128;

const answerSchema = z.object({ id: z.int(), pem: z.string().nullable() });

const require = createRequire(import.meta.url);

// The library takes half a second to load and builds its certificates piece by piece, which is nothing for the event loop.
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { webcrypto, randomBytes } = require('node:crypto');
require(workerData.polyfill);
const x509 = require(workerData.library);
x509.cryptoProvider.set(webcrypto);

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' };
const DAY_MS = 86400000;
const ISSUER = 'CN=Clara Sandbox secrets';
const { d, ...publicKey } = workerData.key;
const keys = Promise.all([
  webcrypto.subtle.importKey('jwk', workerData.key, CURVE, true, ['sign']),
  webcrypto.subtle.importKey('jwk', publicKey, CURVE, true, ['verify']),
]);
const serialNumber = () => '01' + randomBytes(15).toString('hex');

async function issueRoot() {
  const [privateKey, publicKey] = await keys;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: ISSUER,
    issuer: ISSUER,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 7300 * DAY_MS),
    signingAlgorithm: SIGNING,
    publicKey,
    signingKey: privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return certificate.toString('pem');
}

async function issueLeaf({ host, spki, days }) {
  const [signingKey, authority] = await keys;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=sandbox',
    issuer: ISSUER,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + days * DAY_MS),
    signingAlgorithm: SIGNING,
    publicKey: await webcrypto.subtle.importKey('spki', spki, CURVE, true, ['verify']),
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
    ],
  });
  return certificate.toString('pem');
}

parentPort.on('message', ({ id, leaf }) => {
  (leaf === null ? issueRoot() : issueLeaf(leaf)).then(
    (pem) => parentPort.postMessage({ id, pem }),
    () => parentPort.postMessage({ id, pem: null }),
  );
});
`;

/** What a certificate for one host is made of. */
export interface LeafRequest {
  readonly host: string;
  /** The public key, as SubjectPublicKeyInfo. */
  readonly spki: Buffer;
  readonly days: number;
}

interface Waiting {
  resolve(pem: string): void;
  reject(error: Error): void;
}

/** Issues certificates beside the event loop, in a thread that is there while somebody needs some. */
export class CertificateThread {
  readonly #key: webcrypto.JsonWebKey;
  #worker: Worker | null = null;
  #idle: NodeJS.Timeout | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** `key` is the private key of the authority, on P-256. */
  constructor(key: webcrypto.JsonWebKey) {
    this.#key = key;
  }

  /** The certificate of the authority itself, in PEM. */
  async root(): Promise<string> {
    return await this.#ask(null);
  }

  /** The certificate of a host, in PEM. */
  async leaf(request: LeafRequest): Promise<string> {
    return await this.#ask(request);
  }

  async #ask(leaf: LeafRequest | null): Promise<string> {
    const worker = this.#worker ?? this.#start();
    this.#lastId += 1;
    const id = this.#lastId;
    clearTimeout(this.#idle);
    const timer = setTimeout(() => this.#fail(worker, new Error('A certificate was not issued in time.')), ISSUE_MS);
    try {
      return await new Promise<string>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        worker.postMessage({ id, leaf });
      });
    } finally {
      clearTimeout(timer);
      if (this.#waiting.size === 0) {
        this.#idle = setTimeout(() => this.#fail(worker, new Error('Nobody needs it.')), IDLE_MS).unref();
      }
    }
  }

  #start(): Worker {
    const workerData = {
      key: this.#key,
      polyfill: require.resolve('reflect-metadata'),
      library: require.resolve('@peculiar/x509'),
    };
    const resourceLimits = { maxOldGenerationSizeMb: HEAP_MIB };
    const worker = new Worker(PROGRAM, { eval: true, workerData, resourceLimits, env: {}, execArgv: [] });
    worker.unref();
    worker.on('message', (answer: unknown) => {
      const { id, pem } = answerSchema.parse(answer);
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (pem === null) waiting?.reject(new Error('A certificate could not be issued.'));
      else waiting?.resolve(pem);
    });
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', () => this.#fail(worker, new Error('The thread that issues certificates has ended.')));
    this.#worker = worker;
    return worker;
  }

  #fail(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    void worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
