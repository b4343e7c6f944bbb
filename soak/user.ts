import type { Random } from './random.ts';
import type { SoakRequest } from './surface.ts';
import { note, type Tally } from './tally.ts';

/** Stands for a file that may not be there. */
const ABSENT = '\0absent';

/** Sends a request as a client does; throws where there is no answer in time. */
export type Send = (method: string, path: string, body?: unknown) => Promise<{ status: number; text: string }>;

/** The same for whoever shows these headers. */
export type SendAs = (
  request: SoakRequest,
  headers: Readonly<Record<string, string>>,
) => Promise<{ status: number; text: string }>;

const FILES = 4;
const MOST_RAW_BYTES = 200_000;

/** One user with a sandbox: does one thing after the other and knows what each file must hold. */
export class SoakUser {
  readonly #path: string;
  readonly #send: Send;
  readonly #random: Random;
  readonly #tally: Tally;
  /** What may be in each file: one content after a write that was acknowledged, more after writes that failed. */
  readonly #contents = new Map<string, Set<string>>();
  /** Whether the sandbox may be deleted, its files kept: then nothing can be read until it is used again. */
  #mayBeDeleted = false;

  constructor(name: string, send: Send, random: Random, tally: Tally) {
    this.#path = `/sandbox/${name}`;
    this.#send = send;
    this.#random = random;
    this.#tally = tally;
  }

  /** Does the next thing of a mix. */
  async step(): Promise<void> {
    const choice = this.#random(100);
    if (choice < 25) await this.#execute();
    else if (choice < 45) await this.#shell();
    else if (choice < 60) await this.#write();
    else if (choice < 72) await this.#upload();
    else if (choice < 94) await this.checkOne();
    else if (choice < 97) await this.#change('POST', '/stop');
    else if (choice < 99) await this.#change('POST', '/create');
    else await this.#change('DELETE', '');
  }

  /** Deletes the sandbox. */
  async remove(): Promise<void> {
    await this.#change('DELETE', '');
  }

  /** Checks every file, once the faults are over. */
  async checkAll(): Promise<void> {
    for (const name of this.#contents.keys()) await this.#check(name);
  }

  /** Checks one of the files. */
  async checkOne(): Promise<void> {
    await this.#check(this.#fileName());
  }

  async #execute(): Promise<void> {
    const number = this.#random(1_000_000);
    const answer = await this.#ask('POST', '/execute', { code: `print(${number} * 7)`, timeout: 20 });
    this.#expectOutput(answer, `${number * 7}\n`, 'an execution');
  }

  async #shell(): Promise<void> {
    const number = this.#random(1_000_000);
    const answer = await this.#ask('POST', '/shell', { command: `echo ${number} | tr 0-9 a-j`, timeout: 20 });
    const letters = [...String(number)].map((digit) => String.fromCharCode(97 + Number(digit))).join('');
    this.#expectOutput(answer, `${letters}\n`, 'a shell command');
  }

  async #write(): Promise<void> {
    const name = this.#fileName();
    const content = `${this.#random(1_000_000)} ${'x'.repeat(this.#random(2000))}`;
    const answer = await this.#ask('POST', '/file', { path: name, content });
    this.#keep(name, content, answer?.status === 200);
  }

  async #upload(): Promise<void> {
    const name = this.#fileName();
    const content = `${this.#random(1_000_000)}`.padEnd(this.#random(MOST_RAW_BYTES), 'raw ');
    const answer = await this.#ask('PUT', `/raw?path=${name}`, Buffer.from(content));
    this.#keep(name, content, answer !== null && answer.status < 300);
  }

  async #check(name: string): Promise<void> {
    const possible = this.#contents.get(name);
    if (!possible) return;
    let answer = await this.#ask('GET', `/raw?path=${name}`);
    if (answer?.status === 404 && this.#mayBeDeleted) {
      await this.#change('POST', '/create');
      // Refused while something is broken: what is in it shows in a later look.
      if (this.#mayBeDeleted) return;
      answer = await this.#ask('GET', `/raw?path=${name}`);
    }
    if (!answer) return;
    const isThere = answer.status === 200 && possible.has(answer.text);
    if (isThere || (answer.status === 404 && possible.has(ABSENT))) return;
    this.#tally.lostWrites += 1;
    note(this.#tally, `${this.#path} ${name}: ${answer.status} ${answer.text.slice(0, 80)}`);
  }

  async #change(method: string, path: string): Promise<void> {
    const answer = await this.#ask(method, path);
    if (answer && answer.status !== 200) this.#mistake(`${method} ${path}`, answer);
  }

  /** Null for an answer that a client has to expect where something is broken. */
  async #ask(method: string, path: string, body?: unknown): Promise<{ status: number; text: string } | null> {
    this.#tally.requests += 1;
    if (method === 'DELETE') this.#mayBeDeleted = true;
    const answer = await this.#send(method, `${this.#path}${path}`, body);
    const makesIt = method !== 'GET' && method !== 'DELETE' && path !== '/stop';
    if (makesIt && answer.status < 400) this.#mayBeDeleted = false;
    if (answer.status !== 503) return answer;
    this.#tally.refused += 1;
    return null;
  }

  #expectOutput(answer: { status: number; text: string } | null, output: string, what: string): void {
    if (!answer) return;
    const body: unknown = answer.status === 200 ? JSON.parse(answer.text) : null;
    if (typeof body === 'object' && body !== null && 'success' in body && 'output' in body) {
      if (body.success === true && body.output === output) return;
      // Killed from outside: told so, and never with an output that is not the right one's beginning.
      if (body.success === false && output.startsWith(String(body.output).replace(/\n$/, ''))) {
        this.#tally.refused += 1;
        return;
      }
    }
    this.#mistake(what, answer);
  }

  #keep(name: string, content: string, isAcknowledged: boolean): void {
    if (isAcknowledged) this.#contents.set(name, new Set([content]));
    else this.#contents.set(name, new Set([...(this.#contents.get(name) ?? [ABSENT]), content]));
  }

  #fileName(): string {
    return `file-${this.#random(FILES)}.txt`;
  }

  #mistake(what: string, { status, text }: { status: number; text: string }): void {
    this.#tally.wrongAnswers += 1;
    note(this.#tally, `${this.#path}, ${what}: ${status} ${text.slice(0, 160)}`);
  }
}
