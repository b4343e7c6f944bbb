import { createHmac } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Clock } from '../async/clock.ts';
import type { ApiKey } from './api-keys.ts';
import { keyNameOf } from './key-name.ts';

/** How long an access token is good, in seconds. */
export const ACCESS_SECONDS = 24 * 3_600;

/** The same of a refresh token. */
const REFRESH_SECONDS = 7 * 24 * 3_600;

/** Who makes these tokens. */
const ISSUER = 'cloud-sandbox';

const ALGORITHM = 'HS256';

const claimsSchema = z.object({
  user_id: z.string().min(1).max(256),
  role: z.string().max(256).optional(),
  sub: z.string().optional(),
  key: z.string(),
  /** Of the key itself, so that another one with its name opens nothing. */
  key_mark: z.string().optional(),
  typ: z.enum(['access', 'refresh']).optional(),
});

/** Whose token it is, for what, and which key made it. */
export interface TokenSubject {
  readonly userId: string;
  /** What the user is called; it opens nothing. */
  readonly role: string;
  readonly keyName: string;
}

/** A token to ask with, and one to get others with. */
export interface TokenPair {
  readonly access: string;
  readonly refresh: string;
}

type TokenKind = 'access' | 'refresh';

/** Makes and reads the tokens of the users of a key's holder: JWTs (RFC 7519), signed with HS256. */
export class UserTokens {
  readonly #secret: Uint8Array;
  readonly #marks: ReadonlyMap<string, string>;
  readonly #clock: Clock;

  constructor(secret: Uint8Array, keys: readonly ApiKey[], clock: Clock) {
    this.#secret = secret;
    this.#clock = clock;
    this.#marks = new Map(keys.map(({ name, digest }) => [name, markOf(secret, digest)]));
  }

  async issue(subject: TokenSubject): Promise<TokenPair> {
    const [access, refresh] = await Promise.all([
      this.#sign(subject, 'access', ACCESS_SECONDS),
      this.#sign(subject, 'refresh', REFRESH_SECONDS),
    ]);
    return { access, refresh };
  }

  /** What a token says; `expired` for one that was good, `bad` for any that is none, of another kind, or of a key that is gone. */
  async read(token: string, kind: TokenKind): Promise<TokenSubject | 'expired' | 'bad'> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        requiredClaims: ['exp'],
        currentDate: new Date(this.#clock.wallMs()),
      });
      return this.#toSubject(payload, kind) ?? 'bad';
    } catch (error) {
      if (error instanceof errors.JWTExpired) return 'expired';
      if (error instanceof errors.JOSEError) return 'bad';
      throw error;
    }
  }

  #toSubject(payload: unknown, kind: TokenKind): TokenSubject | null {
    const claims = claimsSchema.safeParse(payload);
    if (!claims.success) return null;
    const { user_id: userId, role = 'user', sub, key, key_mark: mark, typ = 'access' } = claims.data;
    const known = this.#marks.get(keyNameOf(key));
    if (typ !== kind || known === undefined || (mark ?? known) !== known || (sub ?? userId) !== userId) return null;
    return { userId, role, keyName: key };
  }

  async #sign({ userId, role, keyName }: TokenSubject, typ: TokenKind, seconds: number): Promise<string> {
    const nowSeconds = Math.floor(this.#clock.wallMs() / 1000);
    const claims = { user_id: userId, role, key: keyName, key_mark: this.#marks.get(keyNameOf(keyName)), typ };
    return await new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
      .setSubject(userId)
      .setIssuer(ISSUER)
      .setIssuedAt(nowSeconds)
      .setNotBefore(nowSeconds)
      .setExpirationTime(nowSeconds + seconds)
      .sign(this.#secret);
  }
}

function markOf(secret: Uint8Array, digest: Buffer): string {
  return createHmac('sha256', secret).update('key mark\0').update(digest).digest('base64url').slice(0, 16);
}
