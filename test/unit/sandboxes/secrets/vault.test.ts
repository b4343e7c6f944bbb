import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Vault } from '../../../../src/sandboxes/secrets/vault.ts';

const vault = new Vault(randomBytes(32));
const ada = { sandboxId: 'ada-1', name: 'API_KEY' };

describe('a sealed value', () => {
  it('opens for its secret alone', () => {
    const sealed = vault.seal('größer', ada);
    expect(vault.open(sealed, ada)).toBe('größer');
    expect(vault.open(sealed, { ...ada, sandboxId: 'bob-1' })).toBeNull();
    expect(vault.open(sealed, { ...ada, name: 'OTHER' })).toBeNull();
    expect(new Vault(randomBytes(32)).open(sealed, ada)).toBeNull();
  });

  it('is another text each time, and opens no more once a bit of it has changed', () => {
    const [one, other] = [vault.seal('x', ada), vault.seal('x', ada)];
    expect(one).not.toBe(other);
    const bytes = Buffer.from(one, 'base64');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(vault.open(changed.toString('base64'), ada)).toBeNull();
    }
    expect(vault.open('', ada)).toBeNull();
  });
});
