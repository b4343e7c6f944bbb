import { describe, expect, it } from 'vitest';
import { showsSignature, UrlSigner } from '../../../src/auth/url-signer.ts';

const SECRET = Buffer.alloc(32, 1);
const key = (name: string, fill = 1) => ({ name, digest: Buffer.alloc(32, fill) });
const signer = new UrlSigner(SECRET, [key('bot'), key('master', 2)]);
const request = { method: 'GET', target: '/sandbox/u/raw?path=a%20b', keyName: 'bot', signatures: 7, expiresAt: 1000 };
const url = signer.sign(request);

describe('a signature', () => {
  it('is known again, with what it says', () => {
    expect(signer.verify('GET', url)).toEqual(request);
    expect(showsSignature(url)).toBe(true);
    expect(showsSignature('/sandbox/u/raw?path=signature=x')).toBe(false);
  });

  it('covers HEAD where it covers GET', () => {
    expect(signer.verify('HEAD', url)).toEqual(request);
  });

  it('lets a reader say what it knows, once', () => {
    expect(signer.verify('GET', `${url}&after=12`)).toEqual(request);
    expect(signer.verify('GET', `${url}&after=1&after=2`)).toBeNull();
    const plain = signer.sign({ ...request, target: '/sandbox/u/processes/1/events' });
    expect(signer.verify('GET', `${plain}&after=12`)?.target).toBe('/sandbox/u/processes/1/events');
    const known = signer.sign({ ...request, target: '/sandbox/u/processes/1/events?after=3' });
    expect(signer.verify('GET', known)?.target).toBe('/sandbox/u/processes/1/events?after=3');
    expect(signer.verify('GET', known.replace('after=3', 'after=4'))).toBeNull();
  });

  it.each([
    ['another method', 'PUT', url],
    ['another path', 'GET', url.replace('/raw', '/file')],
    ['another query', 'GET', url.replace('a%20b', 'a+b')],
    ['more of a query', 'GET', `${url}&depth=2`],
    ['less of a query', 'GET', url.replace('path=a%20b&', '')],
    ['another expiry', 'GET', url.replace('.1000.', '.2000.')],
    ['another number', 'GET', url.replace('.7.', '.8.')],
    ['another key', 'GET', url.replace(/signature=[^.]*/, `signature=${Buffer.from('master').toString('base64url')}`)],
    ['two signatures', 'GET', `${url}&signature=x`],
    ['a signature that is none', 'GET', '/sandbox/u/raw?path=a%20b&signature='],
  ])('is none of a request with %s', (_what, method, other) => {
    expect(signer.verify(method, other)).toBeNull();
  });

  it('of another secret is none', () => {
    expect(new UrlSigner(Buffer.alloc(32, 2), [key('bot')]).verify('GET', url)).toBeNull();
  });

  it('ends with its key, also where another has the name now', () => {
    expect(new UrlSigner(SECRET, [key('bot')]).verify('GET', url)).toEqual(request);
    expect(new UrlSigner(SECRET, [key('bot', 3)]).verify('GET', url)).toBeNull();
    expect(new UrlSigner(SECRET, []).verify('GET', url)).toBeNull();
  });
});
