import { EventEmitter } from 'node:events';
import { Events } from 'discord.js';
import { z } from 'zod';

const message = z.object({ content: z.string(), author: z.string(), isBot: z.boolean(), isMentioned: z.boolean() });

type FakeMessage = z.infer<typeof message>;

interface Reply {
  readonly content: string;
  readonly files: readonly { readonly name: string; readonly attachment: Buffer }[];
}

/** A client of Discord whose gateway brings the messages of the variable MESSAGES, and whose replies are lines of JSON on stdout. */
export class FakeClient extends EventEmitter {
  readonly user = { id: '1' };

  constructor(_options: object) {
    super();
  }

  /** Resolves when all messages are answered. */
  async login(token: string | undefined): Promise<void> {
    if (token === undefined) throw new Error('There is no token.');
    for (const one of z.array(message).parse(JSON.parse(process.env.MESSAGES ?? '[]'))) await this.#bring(one);
  }

  async #bring({ content, author, isBot, isMentioned }: FakeMessage): Promise<void> {
    const brought = {
      content,
      author: { id: author, bot: isBot },
      mentions: { has: (user: object) => isMentioned && user === this.user },
      reply: async ({ content: text, files }: Reply) => {
        const shown = files.map(({ name, attachment }) => `${name} ${attachment.subarray(1, 4)}`);
        process.stdout.write(`${JSON.stringify([text, ...shown])}\n`);
      },
    };
    for (const listener of this.listeners(Events.MessageCreate)) await listener(brought);
  }
}
