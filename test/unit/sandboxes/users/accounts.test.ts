import { describe, expect, it } from 'vitest';
import { NO_ACCOUNTS, readIds, toGroup, toPasswd } from '../../../../src/sandboxes/users/accounts.ts';

const OWN = 'user:x:70001:70001::/home/user:/bin/bash\nsandbox:x:70001:70001::/home/user:/bin/bash\n';
const accounts = (passwd: string, group = '') => ({ passwd, group, shell: '/bin/bash', certificates: null });

describe('the users of a sandbox', () => {
  it("are its own under both names, then the image's", () => {
    const image = 'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\n';
    expect(toPasswd(accounts(image), 70_001)).toBe(OWN + image);
    expect(toGroup(accounts('', 'root:x:0:\nstaff:x:50:ada\n'), 70_001)).toBe(
      'user:x:70001:\nsandbox:x:70001:\nroot:x:0:\nstaff:x:50:ada\n',
    );
  });

  it('take the place of those of the same names', () => {
    const image = 'sandbox:x:1000:1000::/home/user:/bin/bash\nroot:x:0:0::/root:/bin/sh\nuser:x:7:7::/:/bin/sh';
    expect(toPasswd(accounts(image), 70_001)).toBe(`${OWN}root:x:0:0::/root:/bin/sh\n`);
    expect(toGroup(accounts('', 'user:x:7:\nsandboxes:x:8:user\n'), 70_001)).toContain('\nsandboxes:x:8:user\n');
  });

  it('come before one of the image that has their id', () => {
    expect(toPasswd(accounts('app:x:70001:70001::/app:/bin/sh\n'), 70_001)).toMatch(
      /^user:x:70001:[\s\S]*\napp:x:70001:/,
    );
  });

  it('have root beside them, and a shell that every image has, where the image says nothing', () => {
    expect(toPasswd(NO_ACCOUNTS, 70_001)).toMatch(/^user:x:70001:70001::\/home\/user:\/bin\/sh\n/);
    expect(toPasswd(NO_ACCOUNTS, 70_001)).toMatch(/\nroot:x:0:0:root:\/root:\/bin\/sh\n$/);
  });

  it('leave the rest of the file as it is: comments, entries of NIS, bytes that are no UTF-8', () => {
    const image = '# a comment\n+@group::::::\nm\u00fcller:x:5:5:\u00ff:/:/bin/sh\n';
    expect(toPasswd(accounts(image), 70_001)).toBe(OWN + image);
  });
});

describe('the ids in a file of users or groups', () => {
  it('are the third fields that are numbers', () => {
    expect(readIds('root:x:0:0::/:\n\n# x:y:z\n+::::::\nbig:x:4294967294:1::/:\nbad:x:-1:1\nshort:x')).toEqual([
      0, 4_294_967_294,
    ]);
  });
});
