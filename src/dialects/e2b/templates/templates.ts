import { createHash } from 'node:crypto';
import { SandboxError } from '../../../base/errors.ts';
import type { AskedSpec } from '../../../sandboxes/asked/asked-spec.ts';

/** What a template of this server is: a name for an image and for limits. */
export interface Template {
  /** Stays the same however often the server starts. */
  readonly id: string;
  readonly name: string;
  readonly asked: AskedSpec;
}

/** What the operator says of a template, by its name. */
export type TemplateSettings = Readonly<Record<string, AskedSpec>>;

/** Names that clients use where they are told none. */
const ALWAYS = ['base', 'code-interpreter-v1'] as const;

const ID_CHARACTERS = 20;

/** `name` or `name:tag`, or an id. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9][A-Za-z0-9_.-]*)?(?::[A-Za-z0-9_.-]+)?$/;

/** The templates that sandboxes are made from. */
export class Templates {
  readonly #byName = new Map<string, Template>();

  constructor(settings: TemplateSettings) {
    const all = { ...Object.fromEntries(ALWAYS.map((name) => [name, {}])), ...settings };
    for (const [name, asked] of Object.entries(all)) this.#byName.set(name, { id: toId(name), name, asked });
  }

  /** All, in the order of their names. */
  all(): readonly Template[] {
    return [...this.#byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** That of this name, with a tag or without, or of this id; null where there is none. */
  find(text: string): Template | null {
    const [name = ''] = text.split(':', 1);
    return this.#byName.get(name) ?? this.all().find(({ id }) => id === name) ?? null;
  }

  /** The same; throws `invalid` for what is no name, `not_found` for one that nothing has. */
  require(text: string): Template {
    const found = this.find(text);
    if (found) return found;
    if (!NAME.test(text))
      throw new SandboxError('invalid', 'templateID must be the name or id of a template.', { field: 'templateID' });
    throw new SandboxError('not_found', `template '${text}' not found`);
  }
}

function toId(name: string): string {
  return createHash('sha256').update(`template\0${name}`).digest('hex').slice(0, ID_CHARACTERS);
}
