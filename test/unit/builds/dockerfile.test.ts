import { describe, expect, it } from 'vitest';
import { toSafeDockerfile } from '../../../src/builds/dockerfile.ts';

const imageOf = async (name: string): Promise<string> => (name === 'python:3.9' ? 'own:latest' : name);

const check = (text: string) => toSafeDockerfile(text, imageOf);

describe('a Dockerfile', () => {
  it('is built in one line for each instruction, of the images that its names mean', async () => {
    const text = `# A comment
ARG A=1
from python:3.9 AS Build
RUN echo one && \\
  # in between

  echo "two"
COPY --chown=1:1 . /app
FROM build
COPY --from=0 /a /b
ADD --chown=1 file.tar ["x
CMD ["python3"]\r
`.replace('ADD --chown=1 file.tar ["x\n', 'ADD --chown=1 file.tar /x/\nADD ["a b","/c"]\n'.replace('a b', 'ab'));
    expect(await check(text)).toBe(`ARG A=1
FROM own:latest AS Build
USER 0
RUN echo one &&   echo "two"
COPY --chown=1:1 . /app
FROM build
COPY --from=0 /a /b
ADD --chown=1 file.tar /x/
ADD ["ab","/c"]
CMD ["python3"]
`);
  });

  it('begins as root where a published name stands for the own image, and else as the user of the image', async () => {
    expect(await check('FROM python:3.9\nRUN mkdir /app')).toBe('FROM own:latest\nUSER 0\nRUN mkdir /app\n');
    expect(await check('FROM own:latest\nRUN mkdir app')).toBe('FROM own:latest\nRUN mkdir app\n');
  });

  it.each([
    ['nothing', ''],
    ['no FROM first', 'RUN true'],
    ['a variable in FROM', 'ARG A=evil\nFROM $A'],
    ['a flag of FROM', 'FROM --platform=x python:3.9'],
    ['a frontend', '# syntax=evil/frontend\nFROM python:3.9'],
    ['another escape', '# escape=`\nFROM python:3.9'],
    ['an address to ADD', 'FROM a:1\nADD https://example.org/x /x'],
    ['an address in a list', 'FROM a:1\nADD ["http://example.org/x", "/x"]'],
    ['an address with an escape', 'FROM a:1\nADD http:\\//example.org/x /x'],
    ['an address with quotes', 'FROM a:1\nADD http:/"/"example.org/x /x'],
    ['an address with quotes that looks like a list', 'FROM a:1\nADD ["http:/"/"example.org/x" /x'],
    ['an address of a variable', 'FROM a:1\nENV U=http://example.org\nADD $U /x'],
    ['a checksum', 'FROM a:1\nADD --checksum=sha256:00 a /x'],
    ['a copy of another image', 'FROM a:1\nCOPY --from=evil:1 / /'],
    ['a copy of its own stage', 'FROM a:1 AS one\nCOPY --from=one / /'],
    ['a copy of a variable', 'FROM a:1\nCOPY --from=$A / /'],
    ['a second --from', 'FROM a:1 AS one\nFROM one\nCOPY --from=one --from=evil:1 / /'],
    ['a mount', 'FROM a:1\nRUN --mount=type=secret,id=a cat /run/secrets/a'],
    ['a network', 'FROM a:1\nRUN --network=host true'],
    ['an instruction for others', 'FROM a:1\nONBUILD ADD http://example.org /x'],
    ['no instruction', 'FROM a:1\n!'],
    ['an instruction that nobody knows', 'FROM a:1\nINCLUDE other'],
    ['control characters', 'FROM a:1\nRUN echo \u0000'],
    ['a line break of its own', 'FROM a:1\nRUN true \u000bADD http://example.org /x'],
    ['two backslashes at the end', 'FROM a:1\nRUN echo \\\\'],
    ['too many instructions', `FROM a:1\n${'RUN true\n'.repeat(500)}`],
  ])('is refused with %s', async (_what, text) => {
    await expect(check(text)).rejects.toMatchObject({ kind: 'invalid', field: 'build_context' });
  });
});
