import { generateKeyPairSync, KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

// As a thread loads it.
const { createIssuer }: typeof import('../../../../src/egress/secrets/certificate-program.cjs') = createRequire(
  import.meta.url,
)('../../../../src/egress/secrets/certificate-program.cjs');

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2030-01-02T03:04:05Z');
const authority = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
const { key_ops: _uses, ...key } = await webcrypto.subtle.exportKey('jwk', authority.privateKey);
const issuer = createIssuer(key);

describe('the certificate of the authority', () => {
  it('is its own, by its key, for certificates of hosts alone', async () => {
    const root = new X509Certificate(await issuer.issueRoot(NOW_MS));
    expect([root.ca, root.subject, root.issuer]).toEqual([true, root.issuer, root.subject]);
    expect(root.verify(KeyObject.from(authority.publicKey))).toBe(true);
  });
});

describe('the certificate of a host', () => {
  it('has its name and its key, by the authority, from a day before now on for as many days as are asked for', async () => {
    const root = new X509Certificate(await issuer.issueRoot(NOW_MS));
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    const leaf = new X509Certificate(await issuer.issueLeaf(NOW_MS, { host: 'api.test', spki, days: 7 }));
    expect([leaf.ca, leaf.subjectAltName]).toEqual([false, 'DNS:api.test']);
    expect(leaf.checkIssued(root) && leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.publicKey.export({ type: 'spki', format: 'der' })).toEqual(spki);
    const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
    expect([NOW_MS - from, to - NOW_MS]).toEqual([DAY_MS, 7 * DAY_MS]);
  });

  it('has another serial number each time', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const request = { host: 'a.test', spki: publicKey.export({ type: 'spki', format: 'der' }), days: 1 };
    const serials = await Promise.all(
      [1, 2].map(async () => new X509Certificate(await issuer.issueLeaf(NOW_MS, request)).serialNumber),
    );
    expect(new Set(serials).size).toBe(2);
  });
});
