import { describe, expect, it } from 'vitest';
import { hashKey, parseApiKeys } from '../../../src/auth/api-keys.ts';

const HASH = hashKey('the key').toString('hex');
const OTHER = hashKey('another key').toString('hex');

describe('a list of API keys', () => {
  it('says of a key that it is a gateway’s', () => {
    const { keys } = parseApiKeys(`gw:sha256:${HASH};gateway,cli:sha256:${OTHER}`);
    expect(keys.map(({ isGateway = false }) => isGateway)).toEqual([true, false]);
  });

  it('has entries with commas or line breaks between, and settings in any order', () => {
    const text = `bot:sha256:${HASH};rate=50;prefix=discord-;burst=200;sandboxes=20;disk=1.5g,\n cli:sha256:${OTHER.toUpperCase()} `;
    const { keys, problems } = parseApiKeys(text);
    expect(problems).toEqual([]);
    expect(keys).toEqual([
      {
        name: 'bot',
        digest: hashKey('the key'),
        userPrefix: 'discord-',
        maxSandboxes: 20,
        maxDiskBytes: 1.5 * 2 ** 30,
        rate: { perSecond: 50, burst: 200 },
      },
      {
        name: 'cli',
        digest: hashKey('another key'),
        userPrefix: '',
        maxSandboxes: null,
        maxDiskBytes: null,
        rate: null,
      },
    ]);
  });

  it('takes the rate as the burst where there is none', () => {
    expect(parseApiKeys(`bot:sha256:${HASH};rate=50`).keys[0]?.rate).toEqual({ perSecond: 50, burst: 50 });
  });

  it('keeps a prefix with colons and equals signs as it is', () => {
    expect(parseApiKeys(`bot:sha256:${HASH};prefix=teams-29:1=`).keys[0]?.userPrefix).toBe('teams-29:1=');
  });

  it.each([
    ['a key that is not hashed', 'bot:hunter2-the-password', /\(bot\).*npm run key/],
    ['a hash that is too short', `bot:sha256:${HASH.slice(1)}`, /64 hex digits/],
    ['another algorithm', `bot:md5:${HASH}`, /sha256/],
    ['no name', `:sha256:${HASH}`, /name/],
    ['the name of the master key', `master:sha256:${HASH}`, /SANDBOX_API_KEY/],
    ['a gateway with a value', `bot:sha256:${HASH};gateway=yes`, /sets gateway, which has no value/],
    ['an unknown setting', `bot:sha256:${HASH};admin=true`, /unknown setting/],
    ['a setting twice', `bot:sha256:${HASH};rate=5;rate=6`, /rate twice/],
    ['an empty prefix', `bot:sha256:${HASH};prefix=`, /prefix/],
    ['a quota that is no number', `bot:sha256:${HASH};sandboxes=many`, /sandboxes/],
    ['a quota of 0', `bot:sha256:${HASH};sandboxes=0`, /sandboxes/],
    ['a disk that is no size', `bot:sha256:${HASH};disk=much`, /disk/],
    ['a disk that is too small', `bot:sha256:${HASH};disk=1k`, /32m or more/],
    ['a burst below the rate', `bot:sha256:${HASH};rate=5;burst=2`, /burst/],
    ['a burst without a rate', `bot:sha256:${HASH};burst=2`, /rate/],
    ['a name twice', `bot:sha256:${HASH},bot:sha256:${OTHER}`, /two entries with the name bot/],
    ['a hash twice', `bot:sha256:${HASH},cli:sha256:${HASH}`, /same hash/],
  ])('with %s is refused with a sentence that shows nothing of a key', (_name, text, sentence) => {
    const { problems } = parseApiKeys(text);
    expect(problems.join('; ')).toMatch(sentence);
    expect(problems.join('; ')).not.toMatch(/hunter2|[0-9a-f]{16}/i);
  });
});
