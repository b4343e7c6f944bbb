/** Of a name in an ADD: nothing in it is replaced, quoted or an address. */
const PLAIN_PATH = /^(?!.*\/\/)[\w@%+=:,./*?-]+$/;

const FLAG = /^--([a-z]+)(?:=(\S*))?[ \t]+/;

/** Why a COPY reaches beyond the context and the stages before it, as the end of a sentence; null where it does not. */
export function checkCopy(rest: string, stages: readonly string[]): string | null {
  for (const [flag, value = ''] of flagsOf(rest)) {
    if (flag === 'chown') continue;
    if (flag !== 'from') return `may not have COPY --${flag}`;
    const isNumber = /^\d{1,3}$/.test(value) && Number(value) < stages.length - 1;
    const isStage = value !== '' && stages.slice(0, -1).includes(value.toLowerCase());
    if (!isNumber && !isStage) return 'may COPY from stages before that one alone, by name or number';
  }
  return null;
}

/** Why an ADD may fetch something, as the end of a sentence; null where it cannot. */
export function checkAdd(rest: string): string | null {
  const flags = flagsOf(rest);
  if (flags.some(([flag]) => flag !== 'chown')) return 'may not have ADD with flags but --chown';
  const paths = pathsOf(rest.slice(flags.reduce((length, [, , whole]) => length + whole.length, 0)));
  const isPlain = paths?.every((path) => PLAIN_PATH.test(path)) ?? false;
  return isPlain ? null : 'may ADD files of its folder alone, by plain paths: no addresses, variables and quotes';
}

type Flag = readonly [name: string, value: string | undefined, whole: string];

function flagsOf(rest: string): readonly Flag[] {
  const flags: Flag[] = [];
  let left = rest;
  for (let found = FLAG.exec(left); found; found = FLAG.exec(left)) {
    flags.push([found[1] ?? '', found[2], found[0]]);
    left = left.slice(found[0].length);
  }
  return left.startsWith('--') ? [...flags, [left, undefined, '']] : flags;
}

/** In either form; null for what is a list in none. */
function pathsOf(rest: string): readonly string[] | null {
  if (!rest.startsWith('[')) return rest.split(/[ \t]+/).filter((path) => path !== '');
  try {
    const parsed: unknown = JSON.parse(rest);
    return Array.isArray(parsed) && parsed.every((path) => typeof path === 'string') ? parsed : null;
  } catch {
    return null;
  }
}
