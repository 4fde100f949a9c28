import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseTarget, readSshConfig } from '../../../main/connections/index.ts';
import { aTempFolder } from '../../rig/index.ts';

const temp = aTempFolder('target');
afterAll(() => temp.remove());
fs.writeFileSync(
  path.join(temp.path, 'config'),
  'Host bakery\n HostName shell.bakery.example\n User baker\n Port 2022\nHost gate\n HostName gate.example\n User keeper\n',
);
const config = readSshConfig(path.join(temp.path, 'config'));
const me = os.userInfo().username;

describe('what a person pastes', () => {
  it.each([
    ['deploy@example.org', 'deploy', 'example.org', 22],
    ['ssh deploy@example.org', 'deploy', 'example.org', 22],
    ['  ssh   deploy@example.org  ', 'deploy', 'example.org', 22],
    ['ssh deploy@example.org -p 2222', 'deploy', 'example.org', 2222],
    ['ssh -p 2222 deploy@example.org', 'deploy', 'example.org', 2222],
    ['ssh -p2222 deploy@example.org', 'deploy', 'example.org', 2222],
    ['ssh -l deploy example.org', 'deploy', 'example.org', 22],
    ['ssh -o Port=2222 deploy@example.org', 'deploy', 'example.org', 2222],
    ['ssh -A -v deploy@example.org', 'deploy', 'example.org', 22],
    ['ssh deploy@example.org ls -l /', 'deploy', 'example.org', 22],
    ['ssh deploy@example.org uptime -p', 'deploy', 'example.org', 22],
    ['sftp deploy@example.org', 'deploy', 'example.org', 22],
    ['ssh://deploy@example.org:2222', 'deploy', 'example.org', 2222],
    ['ssh://deploy@example.org:2222/', 'deploy', 'example.org', 2222],
    ['sftp://deploy@example.org', 'deploy', 'example.org', 22],
    ['deploy@example.org:2222', 'deploy', 'example.org', 2222],
    ['deploy@192.0.2.7', 'deploy', '192.0.2.7', 22],
    ['deploy@[2001:db8::1]:2222', 'deploy', '2001:db8::1', 2222],
    ['example.org', me, 'example.org', 22],
    ['bakery', 'baker', 'shell.bakery.example', 2022],
    ['ssh bakery', 'baker', 'shell.bakery.example', 2022],
    ['ssh root@bakery -p 22', 'root', 'shell.bakery.example', 22],
  ])('%s', (text, user, host, port) => {
    expect(parseTarget(text, config)).toMatchObject({ kind: 'ssh', user, host, port });
  });

  it('may name a key, with spaces in its path', () => {
    expect(parseTarget('ssh -i "/keys/my key" deploy@example.org', config)).toMatchObject({
      authentication: { kind: 'key', file: '/keys/my key' },
    });
    expect(parseTarget('ssh -i ~/.ssh/site deploy@example.org', config)).toMatchObject({
      authentication: { kind: 'key', file: path.join(os.homedir(), '.ssh/site') },
    });
  });

  it('may name jump hosts, from the configuration too', () => {
    expect(parseTarget('ssh -J gate,me@other.example:2200 deploy@example.org', config)).toMatchObject({
      jump: [
        { host: 'gate.example', port: 22, user: 'keeper' },
        { host: 'other.example', port: 2200, user: 'me' },
      ],
    });
  });

  it('may be this computer', () => {
    expect(parseTarget('local', config)).toEqual({ kind: 'local' });
  });

  it.each([
    [''],
    ['ssh'],
    ['ssh -p 2222'],
    ['deploy@example.org -p 0'],
    ['deploy@example.org -p 70000'],
    ['deploy@example.org:99999'],
    ['deploy@example.org -p x'],
    ['https://example.org/'],
    ['deploy@'],
    ['a@b@c'],
  ])('%j is no server', (text) => {
    expect(() => parseTarget(text, config)).toThrow(expect.objectContaining({ code: 'not-a-target' }));
  });
});
