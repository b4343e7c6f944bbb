import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const ROOT = new URL('../../', import.meta.url).pathname;

/** The examples of a recipe in one language, as they stand in docs/recipes. */
export async function recipeExamples(name: string, language: string): Promise<readonly string[]> {
  const recipe = await readFile(`${ROOT}docs/recipes/${name}.md`, 'utf8');
  return [...recipe.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);
}

/** The example with a line of it replaced; throws where there is no such line. */
export function withLine(code: string, line: string, replacement: string): string {
  if (!code.includes(`${line}\n`)) throw new Error(`The recipe has no line ${line}`);
  return code.replace(`${line}\n`, () => `${replacement}\n`);
}

/** Runs an example as a module at the root of the repository with these variables; what it prints. */
export async function runRecipe(code: string, variables: Readonly<Record<string, string>>): Promise<string> {
  const args = ['--import', 'tsx', '--input-type=module', '--eval', code];
  const env = { ...process.env, ...variables };
  return (await promisify(execFile)(process.execPath, args, { cwd: ROOT, env })).stdout;
}
