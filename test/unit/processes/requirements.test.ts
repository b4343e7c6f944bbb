import { describe, expect, it } from 'vitest';
import { toRequirements } from '../../../src/processes/requirements.ts';

describe("pip's requirements", () => {
  it.each<[string, string[]]>([
    ['requests', ['requests']],
    ['requests>=999', ['requests>=999']],
    ['requests >= 2.0, < 3', ['requests>=2.0,<3']],
    ['requests pandas==2.0', ['requests', 'pandas==2.0']],
    ['a>=1,<2 b~=1.4.2 c!=1.* d===1.0+local e==1!2.0', ['a>=1,<2', 'b~=1.4.2', 'c!=1.*', 'd===1.0+local', 'e==1!2.0']],
    ['uvicorn[standard]', ['uvicorn[standard]']],
    ['uvicorn [standard, extra]>=0.20', ['uvicorn[standard,extra]>=0.20']],
    ['zope.interface ruamel_yaml 7zip-x', ['zope.interface', 'ruamel_yaml', '7zip-x']],
  ])('as on a command line: %j', (text, requirements) => {
    expect(toRequirements(text)).toEqual(requirements);
  });

  it.each<[string, string[]]>([
    ['"a>=1"', ['a>=1']],
    ["'a>=1'", ['a>=1']],
    ['`a`', ['a']],
    ['\u201ca>=1\u201d \u2018b\u2019', ['a>=1', 'b']],
    ["'a' 'b'", ['a', 'b']],
    ['"a b"', ['a', 'b']],
    ['"a>=1","b<2"', ['a>=1', 'b<2']],
    ['a">=1"', ['a>=1']],
    ['"a[b]">=1', ['a[b]>=1']],
    ['"a', ['a']],
    ['\'"a>=1"\'', ['a>=1']],
    ['"a[b]>=1; python_version>\'3\'" c', ["a[b]>=1; python_version>'3'", 'c']],
    ['"/workspace/my wheels/x.whl" b', ['/workspace/my wheels/x.whl', 'b']],
    ['["a>=1", "b[x]"]', ['a>=1', 'b[x]']],
  ])('in quotes: %j', (text, requirements) => {
    expect(toRequirements(text)).toEqual(requirements);
  });

  it.each<[string, string[]]>([
    ['a, b', ['a', 'b']],
    ['a,b', ['a', 'b']],
    ['a>=1, b<2, c', ['a>=1', 'b<2', 'c']],
    ['a , b ,', ['a', 'b']],
    ['a; b', ['a', 'b']],
    ['a\tb', ['a', 'b']],
    ['a\nb\r\nc\n', ['a', 'b', 'c']],
    ['a\n>=1', ['a>=1']],
    ['a >=\t1', ['a>=1']],
    ['a \\\n  b', ['a', 'b']],
    ['a\u00a0b', ['a', 'b']],
    ['- a\n- b>=1', ['a', 'b>=1']],
    ['* a\n\u2022 b', ['a', 'b']],
  ])('in a list: %j', (text, requirements) => {
    expect(toRequirements(text)).toEqual(requirements);
  });

  it.each<[string, string[]]>([
    ['a (>=1)', ['a>=1']],
    ['a(>=1,<2) b', ['a>=1,<2', 'b']],
    ['a ( >= 1 , < 2 )', ['a>=1,<2']],
    ['a[x] (==1.0)', ['a[x]==1.0']],
  ])('with versions in brackets: %j', (text, requirements) => {
    expect(toRequirements(text)).toEqual(requirements);
  });

  it.each<[string, string[]]>([
    ['a # the first\nb', ['a', 'b']],
    ['# only\na>=1 # and this', ['a>=1']],
    ['# nothing', []],
    ['', []],
    [' , ;\n', []],
  ])('with comments: %j', (text, requirements) => {
    expect(toRequirements(text)).toEqual(requirements);
  });

  it.each<[string, string[]]>([
    ['tomli; python_version < "3.11"', ['tomli; python_version < "3.11"']],
    ['a[b]>=1; python_version>"3" c', ['a[b]>=1; python_version>"3"', 'c']],
    [
      "a;python_version>='3.8' and (os_name=='posix' or extra in 'x y') b",
      ["a; python_version>='3.8' and (os_name=='posix' or extra in 'x y')", 'b'],
    ],
    ['a; "linux" in sys_platform\nb', ['a; "linux" in sys_platform', 'b']],
    ['a; sys_platform not in "win32 cygwin", b', ['a; sys_platform not in "win32 cygwin"', 'b']],
    ['a; python_version > 3\nb', ['a; python_version > 3', 'b']],
  ])('with markers: %j', (text, requirements) => {
    expect(toRequirements(text)).toEqual(requirements);
  });

  it.each<[string, string[]]>([
    ['pkg @ file:///workspace/pkg.whl', ['pkg @ file:///workspace/pkg.whl']],
    ['a@https://x.org/a-1.0.zip#sha256=1, b', ['a @ https://x.org/a-1.0.zip#sha256=1', 'b']],
    ['a[x] @ git+https://x.org/a.git@main c', ['a[x] @ git+https://x.org/a.git@main', 'c']],
    ['a @ https://x.org/a.whl ; os_name=="posix" b', ['a @ https://x.org/a.whl ; os_name=="posix"', 'b']],
    ['git+https://x.org/y.git@tag#egg=y z', ['git+https://x.org/y.git@tag#egg=y', 'z']],
    ['git+ssh://git@x.org/y.git', ['git+ssh://git@x.org/y.git']],
    ['/workspace/a.whl ./b.tar.gz, ../c . .[dev,test]', ['/workspace/a.whl', './b.tar.gz', '../c', '.', '.[dev,test]']],
    ['a-1.0-py3-none-any.whl', ['a-1.0-py3-none-any.whl']],
    ['wheels/a.whl b', ['wheels/a.whl', 'b']],
  ])('with places: %j', (text, requirements) => {
    expect(toRequirements(text)).toEqual(requirements);
  });

  it.each<[string, string[]]>([
    ['pip install requests', ['requests']],
    ['!pip3 install "a>=1" b', ['a>=1', 'b']],
    ['%pip install a', ['a']],
    ['$ python3 -m pip install a\npip install b', ['a', 'b']],
    ['pip', ['pip']],
    ['pip install', ['pip', 'install']],
    ['pip>=999', ['pip>=999']],
  ])('behind a command: %j', (text, requirements) => {
    expect(toRequirements(text)).toEqual(requirements);
  });

  it.each<[string, string[]]>([
    ['a=1.0', ['a=1.0']],
    ['a>=1<2', ['a>=1<2']],
    ['a$b', ['a$b']],
    ['>=1', ['>=1']],
    ['a_ b', ['a_', 'b']],
  ])('that are none are left to pip: %j', (text, requirements) => {
    expect(toRequirements(text)).toEqual(requirements);
  });

  it.each([
    '-r requirements.txt',
    '--upgrade a',
    'a --upgrade',
    'a, -U',
    '"-r x"',
    "a '--target=/'",
    'a; --pre',
    'pip install -U a',
    'a\n-e .',
    'a --hash=sha256:1',
    '--',
    'a; os_name=="x" -r y',
    '["--pre"]',
  ])('never hide an option: %j', (text) => {
    expect(toRequirements(text).some((requirement) => requirement.startsWith('-'))).toBe(true);
  });

  it('take no longer for a text that is made to', () => {
    for (const part of [
      '"',
      "'",
      ';',
      '; (',
      ' ',
      'a;',
      '[',
      ',',
      '\\',
      '"\'',
      'a[',
      "a;'",
      'a@',
      '(',
      '\n- ',
      '!pip install ',
    ]) {
      const text = part.repeat(4096 / part.length);
      expect(toRequirements(text).join('').length).toBeLessThanOrEqual(3 * text.length);
    }
  });
});
