import { hasCode } from '../src/base/errors.ts';
import type { Random } from './random.ts';
import type { SoakAnswer, SoakRequest, Surface } from './surface.ts';
import { note, type Tally } from './tally.ts';
import type { SendAs } from './user.ts';

/** Answers to what was made, or is no more. */
const IS_DONE = new Set([200, 201, 204]);

interface GuestParts {
  readonly name: string;
  readonly surface: Surface;
  readonly send: SendAs;
  /** The key of its own, and that of somebody who has none of its sandboxes. */
  readonly keys: { readonly own: string; readonly other: string };
  readonly random: Random;
  readonly tally: Tally;
}

/** A user of one of the other APIs, with a sandbox of its own: works, keeps a file, and is looked for by strangers. */
export class SoakGuest {
  readonly #parts: GuestParts;
  #id: string | null = null;
  /** What its file may hold: one content after a write that was acknowledged, more after writes that failed. */
  #contents: ReadonlySet<string> = new Set();

  constructor(parts: GuestParts) {
    this.#parts = parts;
  }

  /** Does the next thing of a mix. */
  async step(): Promise<void> {
    const choice = this.#parts.random(100);
    const id = this.#id ?? (await this.#make());
    if (id === null) return;
    if (choice < 45) await this.#work(id);
    else if (choice < 65) await this.#write(id);
    else if (choice < 85) await this.checkAll();
    else if (choice < 97) await this.#peek(id);
    else await this.remove();
  }

  /** Checks what its file holds. */
  async checkAll(): Promise<void> {
    if (this.#id === null || this.#contents.size === 0) return;
    const end = await this.#run(this.#id, 'cat kept 2>/dev/null || echo none');
    if (end === null || end.exitCode !== 0 || this.#contents.has(end.stdout)) return;
    this.#parts.tally.lostWrites += 1;
    note(this.#parts.tally, `${this.#parts.name}: its file holds ${end.stdout.slice(0, 80)}`);
  }

  /** Removes the sandbox with its files. */
  async remove(): Promise<void> {
    if (this.#id === null) return;
    const answer = await this.#ask(this.#parts.surface.remove(this.#id));
    if (answer === null) return;
    // One that was cut off may have removed it all the same.
    if (!IS_DONE.has(answer.status) && answer.status !== 404) this.#mistake('a removal', answer);
    this.#id = null;
    this.#contents = new Set();
  }

  async #make(): Promise<string | null> {
    const { surface, name } = this.#parts;
    const answer = await this.#ask(surface.make(name));
    if (answer === null) return null;
    if (!IS_DONE.has(answer.status)) this.#mistake('a new sandbox', answer);
    else this.#id = surface.idOf(answer.text, name);
    return this.#id;
  }

  async #work(id: string): Promise<void> {
    const { random, tally, name } = this.#parts;
    const number = random(1_000_000);
    const end = await this.#run(id, `echo ${name} $((${number} * 7))`);
    const expected = `${name} ${number * 7}\n`;
    if (end === null || (end.exitCode === 0 && end.stdout === expected)) return;
    // Killed from outside: told so, and never with an output that is not the right one's beginning.
    if (end.exitCode !== 0 && (expected.startsWith(end.stdout) || !end.stdout.includes(name))) tally.refused += 1;
    else this.#mistake('a command', { status: 200, text: JSON.stringify(end) });
  }

  async #write(id: string): Promise<void> {
    const { random, name } = this.#parts;
    const content = `${name} ${random(1_000_000)}\n`;
    const before = this.#contents.size === 0 ? ['none\n'] : this.#contents;
    const end = await this.#run(id, `echo ${content.trim()} > .new && sync .new && mv .new kept`);
    this.#contents = new Set(end?.exitCode === 0 ? [content] : [...before, content]);
  }

  /** For whoever else asks it is not there. */
  async #peek(id: string): Promise<void> {
    const { surface, keys, send, tally } = this.#parts;
    const headers = surface.credential('stranger', keys.other);
    tally.requests += 1;
    const answer = await send(surface.look(id), headers);
    if (surface.isHidden(answer)) return;
    if (surface.isDown(answer)) tally.refused += 1;
    else this.#mistake('what a stranger sees', answer);
  }

  async #run(id: string, command: string): Promise<ReturnType<Surface['ended']> | null> {
    const { surface } = this.#parts;
    const answer = await this.#ask(surface.run(id, command));
    if (answer === null) return null;
    if (answer.status === 200) return surface.ended(answer.text);
    this.#mistake('a command', answer);
    return null;
  }

  /** Null for an answer that a client has to expect where something is broken. */
  async #ask(request: SoakRequest): Promise<SoakAnswer | null> {
    const { surface, keys, send, tally, name } = this.#parts;
    tally.requests += 1;
    const answer = await send(request, surface.credential(name, keys.own)).catch((error: unknown) => {
      if (surface.cutsWhereGone && isCut(error)) return null;
      throw error;
    });
    if (answer && !surface.isDown(answer)) return answer;
    tally.refused += 1;
    return null;
  }

  #mistake(what: string, { status, text }: SoakAnswer): void {
    this.#parts.tally.wrongAnswers += 1;
    note(this.#parts.tally, `${this.#parts.name}, ${what}: ${status} ${text.slice(0, 160)}`);
  }
}

function isCut(error: unknown): boolean {
  return error instanceof Error && (hasCode(error.cause, 'ECONNRESET') || hasCode(error.cause, 'UND_ERR_SOCKET'));
}
