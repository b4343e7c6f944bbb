import { SandboxError } from '../base/errors.ts';
import { checkAdd, checkCopy } from './dockerfile-copies.ts';

/** Instructions that a build takes as they are; the rest is checked, or is for whoever builds on the image. */
const PLAIN = /^(?:ARG|CMD|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)$/;

const MAX_INSTRUCTIONS = 500;

/** What is before the first instruction and tells the builder how to read the rest; `syntax` fetches a program for that. */
const DIRECTIVE = /^#\s*(?:syntax|escape|check)\s*=/i;

const FROM = /^(?<image>[\w./:@-]+)(?:[ \t]+as[ \t]+(?<stage>[a-z][a-z0-9._-]*))?$/i;

/**
 * A Dockerfile of the same instructions, one on each line, of which every one is known to reach for nothing outside of its context and
 * of images that `imageOf` gives for their names. Throws `invalid` with the field `build_context`, and what `imageOf` throws.
 */
export async function toSafeDockerfile(text: string, imageOf: (name: string) => Promise<string>): Promise<string> {
  const stages: string[] = [];
  const lines: string[] = [];
  for (const line of joinLines(text)) {
    const [, word = '', rest = ''] = /^[ \t]*([A-Za-z]+)(?:[ \t]+(.*?))?[ \t]*$/.exec(line) ?? [];
    const keyword = word.toUpperCase();
    if (lines.length >= MAX_INSTRUCTIONS) throw refused(`has more than ${MAX_INSTRUCTIONS} instructions`);
    if (stages.length === 0 && keyword !== 'FROM' && keyword !== 'ARG') throw refused('must begin with FROM');
    if (keyword === 'FROM') lines.push(await toFrom(rest, stages, imageOf));
    else {
      requireHarmless(keyword, rest, stages);
      lines.push(`${keyword} ${rest}`);
    }
  }
  if (stages.length === 0) throw refused('must have a FROM');
  return `${lines.join('\n')}\n`;
}

async function toFrom(rest: string, stages: string[], imageOf: (name: string) => Promise<string>): Promise<string> {
  const { image, stage } = FROM.exec(rest)?.groups ?? {};
  if (image === undefined) throw refused('must name an image after each FROM, without variables and flags');
  const isStage = stages.includes(image.toLowerCase());
  const from = isStage ? image : await imageOf(image);
  // An unnamed stage has its place in the list all the same: the number by which others copy from it.
  stages.push(stage?.toLowerCase() ?? '');
  const line = stage === undefined ? `FROM ${from}` : `FROM ${from} AS ${stage}`;
  // The published images whose names mean another one here are root's.
  return from === image ? line : `${line}\nUSER 0`;
}

function requireHarmless(keyword: string, rest: string, stages: readonly string[]): void {
  const why = whyHarmful(keyword, rest, stages);
  if (why !== null) throw refused(why);
}

function whyHarmful(keyword: string, rest: string, stages: readonly string[]): string | null {
  if (PLAIN.test(keyword)) return null;
  if (keyword === 'COPY') return checkCopy(rest, stages);
  if (keyword === 'ADD') return checkAdd(rest);
  if (keyword === 'RUN')
    return rest.startsWith('--') ? 'may not have RUN with flags: there are no mounts, secrets and networks' : null;
  return keyword === '' ? 'has a line that is no instruction' : `may not have ${keyword}`;
}

/** Its instructions, each in one line, without comments. https://docs.docker.com/reference/dockerfile/#format */
function joinLines(text: string): string[] {
  const joined: string[] = [];
  let current = '';
  for (const line of text.replace(/^\u{FEFF}/u, '').split(/\r?\n/)) {
    if (/[^\t\P{Cc}]/u.test(line)) throw refused('has control characters');
    const content = line.trimStart();
    if (content.startsWith('#')) {
      if (joined.length === 0 && DIRECTIVE.test(content)) throw refused('may not name a syntax or an escape');
      continue;
    }
    if (content === '') continue;
    const isContinued = /\\[ \t]*$/.test(line);
    current += isContinued ? line.replace(/\\[ \t]*$/, '') : line;
    if (isContinued) continue;
    joined.push(current);
    current = '';
  }
  if (current.trim() !== '') joined.push(current);
  if (joined.some((line) => /\\[ \t]*$/.test(line))) throw refused('has a line that ends with two backslashes');
  return joined;
}

function refused(why: string): SandboxError {
  return new SandboxError('invalid', `build_context names a Dockerfile that ${why}.`, { field: 'build_context' });
}
