// @ts-check

/**
 * The program of a thread that issues certificates. The library takes half a second to load and builds its certificates piece by piece,
 * which is nothing for the event loop. Plain JavaScript, as a thread of Node 20 loads no TypeScript, and CommonJS, which starts sooner.
 */
const { randomBytes, webcrypto } = require('node:crypto');
const { parentPort, workerData } = require('node:worker_threads');
require('reflect-metadata');
const x509 = require('@peculiar/x509');

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
const ROOT_DAYS = 7_300;
const ISSUER = 'CN=Clara Sandbox secrets';

/**
 * What a thread is given: the private key of the authority, on P-256.
 * @typedef {{ readonly authorityKey: import('node:crypto').webcrypto.JsonWebKey }} CertificateTask
 */

/**
 * What a certificate for one host is made of; `spki` is the public key, as SubjectPublicKeyInfo.
 * @typedef {{ readonly host: string, readonly spki: Uint8Array, readonly days: number }} LeafRequest
 */

/**
 * What a thread is asked for: the certificate of a host, or of the authority itself where `leaf` is null; `nowMs` is since 1970.
 * @typedef {{ readonly id: number, readonly nowMs: number, readonly leaf: LeafRequest | null }} CertificateQuestion
 */

/**
 * Issues certificates with this private key.
 * @param {import('node:crypto').webcrypto.JsonWebKey} authorityKey
 */
function createIssuer(authorityKey) {
  x509.cryptoProvider.set(webcrypto);
  const { d: _secret, ...publicPart } = authorityKey;
  const keys = Promise.all([
    webcrypto.subtle.importKey('jwk', authorityKey, CURVE, true, ['sign']),
    webcrypto.subtle.importKey('jwk', publicPart, CURVE, true, ['verify']),
  ]);

  /**
   * The certificate of the authority itself, in PEM.
   * @param {number} nowMs
   */
  async function issueRoot(nowMs) {
    const [signingKey, publicKey] = await keys;
    return await issue(ISSUER, { nowMs, days: ROOT_DAYS }, { publicKey, signingKey }, [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ]);
  }

  /**
   * The certificate of a host, in PEM.
   * @param {number} nowMs
   * @param {LeafRequest} request
   */
  async function issueLeaf(nowMs, { host, spki, days }) {
    const [signingKey, authority] = await keys;
    const publicKey = await webcrypto.subtle.importKey('spki', spki, CURVE, true, ['verify']);
    return await issue('CN=sandbox', { nowMs, days }, { publicKey, signingKey }, [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
    ]);
  }

  return { issueRoot, issueLeaf };
}

/**
 * A certificate that is good from a day before now on, in PEM.
 * @param {string} subject
 * @param {{ readonly nowMs: number, readonly days: number }} time
 * @param {{ readonly publicKey: import('node:crypto').webcrypto.CryptoKey, readonly signingKey: import('node:crypto').webcrypto.CryptoKey }} keys
 * @param {import('@peculiar/x509').Extension[]} extensions
 */
async function issue(subject, { nowMs, days }, { publicKey, signingKey }, extensions) {
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    subject,
    issuer: ISSUER,
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + days * DAY_MS),
    signingAlgorithm: SIGNING,
    publicKey,
    signingKey,
    extensions,
  });
  return certificate.toString('pem');
}

module.exports = { createIssuer };

if (parentPort !== null && workerData?.authorityKey) {
  const port = parentPort;
  const { issueRoot, issueLeaf } = createIssuer(workerData.authorityKey);
  port.on('message', (/** @type {CertificateQuestion} */ { id, nowMs, leaf }) => {
    (leaf === null ? issueRoot(nowMs) : issueLeaf(nowMs, leaf)).then(
      (pem) => port.postMessage({ id, pem }),
      () => port.postMessage({ id, pem: null }),
    );
  });
}
