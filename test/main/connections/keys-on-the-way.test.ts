import { expect, it } from 'vitest';
import { keysOnTheWay, openHostKeys, trustAsBefore } from '../../../main/connections/index.ts';
import { ConnectionSettings } from '../../../main/sites/index.ts';
import { aJsonFile } from '../samples.ts';

const hop = (host: string) => ({ host, port: 22, user: 'deploy', authentication: { kind: 'agent' } });
const connection = ConnectionSettings.parse({
  ...hop('site.example'),
  kind: 'ssh',
  jump: [hop('jump.example')],
});
const key = (host: string, letter: string) => ({
  ...{ host, port: 22, type: 'ssh-ed25519' },
  fingerprint: `SHA256:${letter.repeat(43)}`,
});

it('servers on the way are trusted by the keys of the computer before, unless they are known here already', () => {
  const hostKeys = openHostKeys(aJsonFile(), []);
  hostKeys.trust(key('jump.example', 'J'), false);
  trustAsBefore(hostKeys, connection, [
    key('SITE.example', 'S'),
    key('jump.example', 'X'),
    key('other.example', 'O'),
  ]);
  expect(keysOnTheWay(hostKeys, connection)).toEqual([key('site.example', 'S'), key('jump.example', 'J')]);
  expect(hostKeys.known('other.example', 22)).toEqual([]);
  expect(hostKeys.known('site.example', 2222)).toEqual([]);
});
