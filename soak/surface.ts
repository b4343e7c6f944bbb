import { z } from 'zod';

/** A request of a client. */
export interface SoakRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** Beside those that say who asks. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the server said. */
export interface SoakAnswer {
  readonly status: number;
  readonly text: string;
}

/** How a command ended. */
export interface Ended {
  readonly stdout: string;
  readonly exitCode: number;
}

/** What a user of one of the other APIs asks for. */
export interface Surface {
  readonly name: string;
  /** The header that names who asks. */
  credential(user: string, key: string): Readonly<Record<string, string>>;
  make(user: string): SoakRequest;
  /** The id of what was made, which is the server's or the user's. */
  idOf(made: string, user: string): string;
  run(id: string, command: string): SoakRequest;
  ended(answer: string): Ended;
  /** What none but its owner may see. */
  look(id: string): SoakRequest;
  remove(id: string): SoakRequest;
  /** True where something is broken below the server, which a client has to expect then. */
  isDown(answer: SoakAnswer): boolean;
  /** True where the answer to a stranger says nothing of the sandbox. */
  isHidden(answer: SoakAnswer): boolean;
  /** Whether the connection is cut where the sandbox of a request is no more. */
  readonly cutsWhereGone?: boolean;
}

/** Most APIs say by the status that something is down, Cloud and E2B by 502 too, and that there is nothing for this key. */
export const byStatus: Pick<Surface, 'isDown' | 'isHidden'> = {
  isDown: ({ status }) => status === 502 || status === 503,
  isHidden: ({ status }) => status === 404,
};

/** The credential of most of them. */
export const byKey = (_user: string, key: string) => ({ 'x-api-key': key });

/** The text of a field of a JSON answer. */
export function fieldOf(answer: string, name: string): string {
  return z.object({ [name]: z.string() }).parse(JSON.parse(answer))[name] ?? '';
}
