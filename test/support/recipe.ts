import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const ROOT = new URL('../../', import.meta.url).pathname;

/** The examples of a recipe in one language, as they stand in docs/recipes. */
export async function recipeExamples(name: string, language: string): Promise<readonly string[]> {
  return await examplesIn(`docs/recipes/${name}.md`, language);
}

/** The examples of a document in one language, in their order. */
export async function examplesIn(document: string, language: string): Promise<readonly string[]> {
  const text = await readFile(`${ROOT}${document}`, 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);
}

/** The example with a line of it replaced; throws where there is no such line. */
export function withLine(code: string, line: string, replacement: string): string {
  return withText(code, `${line}\n`, `${replacement}\n`);
}

/** The example with the first of these texts replaced; throws where there is none. */
export function withText(code: string, text: string, replacement: string): string {
  if (!code.includes(text)) throw new Error(`The example does not have ${text}`);
  return code.replace(text, () => replacement);
}

/** Runs an example as a module at the root of the repository with these variables; what it prints. */
export async function runRecipe(code: string, variables: Readonly<Record<string, string>>): Promise<string> {
  const args = ['--import', 'tsx', '--input-type=module', '--eval', code];
  const env = { ...process.env, ...variables };
  return (await promisify(execFile)(process.execPath, args, { cwd: ROOT, env })).stdout;
}
