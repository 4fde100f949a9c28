import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lines, quote, scriptFile, sh, type Script } from '../../../main/connections/index.ts';
import { onTheWire, programOnStdin } from '../../../main/connections/script.ts';
import { decodeName, encodeName } from '../../../main/words/index.ts';

/** The shells of servers: /bin/sh (dash here), bash, and busybox as on Alpine. */
const SHELLS = [
  { shell: 'sh', path: '/bin/sh', args: [] },
  { shell: 'bash', path: '/bin/bash', args: [] },
  { shell: 'busybox sh', path: '/usr/bin/busybox', args: ['sh'] },
].filter(({ path }) => fs.existsSync(path));

/** Anything that can be an argument: every byte but NUL, with what is special to a shell more often. */
const argument = fc
  .array(
    fc.oneof(
      fc.integer({ min: 1, max: 255 }),
      fc.constantFrom(...Array.from(Buffer.from('\'"\\$`\n\r\t !*?[]{}()<>|&;#~=-%\x7f\xff', 'latin1'))),
    ),
    { maxLength: 40 },
  )
  .map((bytes) => decodeName(Uint8Array.from(bytes)));

const bytesOf = (args: readonly string[]) =>
  Buffer.concat(args.flatMap((text) => [encodeName(text), Buffer.of(0)])).toString('hex');

/** What a server does with what we send: its login shell is given the command, and stdin follows. */
function sent(login: (typeof SHELLS)[number], script: Script, rest: Uint8Array = new Uint8Array()) {
  const { command, head } = onTheWire(script);
  return spawnSync(login.path, [...login.args, '-c', command], {
    input: Buffer.concat([head, rest]),
    maxBuffer: 64 * 1024 * 1024,
  });
}

describe.each(SHELLS)('given the shell $shell', (login) => {
  it('every quoted argument arrives as it is, whatever bytes it has', () => {
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 30 }), (args) => {
        const script = encodeName(`printf '%s\\0' ${args.map(quote).join(' ')}`);
        const run = spawnSync(login.path, [...login.args, '-s'], { input: script });
        expect(run.stdout.toString('hex')).toBe(bytesOf(args));
      }),
      { numRuns: 60 },
    );
  });

  it('every argument of a script arrives over the wire as it is', () => {
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 30 }), (args) => {
        expect(sent(login, sh`printf '%s\0' ${args}`).stdout.toString('hex')).toBe(bytesOf(args));
      }),
      { numRuns: 40 },
    );
  });

  it('variables of a script file arrive as they are', () => {
    fc.assert(
      fc.property(argument, argument, (one, two) => {
        const run = sent(login, scriptFile('printf "%s\\0" "$one" "$two"', { one, two }));
        expect(run.stdout.toString('hex')).toBe(bytesOf([one, two]));
      }),
      { numRuns: 40 },
    );
  });

  it('what follows the script on stdin is the script’s own input, to the last byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), argument, (input, comment) => {
        expect(sent(login, sh`: ${comment}; cat`, input).stdout.toString('hex')).toBe(
          Buffer.from(input).toString('hex'),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('a script that does not come whole is not run at all, wherever it was cut', () => {
    const { command, head } = onTheWire(lines(sh`echo begun`, sh`echo on`, sh`: ${'an end'}`));
    for (let length = 0; length < head.length; length += 1) {
      const run = spawnSync(login.path, [...login.args, '-c', command], { input: head.subarray(0, length) });
      expect([run.status, run.stdout.toString()]).toEqual([126, '']);
    }
  });

  it('a program on stdin that does not come whole is not run', () => {
    const { read, stdin } = programOnStdin('echo begun;\necho on;');
    const script = lines(read, sh`printf %s "$code"`);
    const all = Buffer.from(stdin);
    expect(sent(login, script, all).stdout.toString()).toBe(stdin);
    for (const length of [0, 1, 11, 12, 20, all.length - 1]) {
      const run = sent(login, script, all.subarray(0, length));
      expect([run.status, run.stdout.toString()]).toEqual([126, '']);
    }
  });

  it('nothing of the script shows in the command that the login shell sees', () => {
    expect(onTheWire(sh`echo ${'my-secret'}`).command).not.toContain('my-secret');
  });
});

describe('scripts', () => {
  it('leave plain arguments plain and quote the rest', () => {
    expect(sh`ls -l ${'/srv/www/site-1'} ${"it's"} ${7}`.text).toBe("ls -l /srv/www/site-1 'it'\\''s' 7");
  });

  it('keep an empty argument an argument', () => {
    expect(sh`test -n ${''}`.text).toBe("test -n ''");
  });

  it('put several scripts on lines of their own', () => {
    expect(lines(sh`a`, sh`b ${'c d'}`).text).toBe("a\nb 'c d'");
  });

  it('refuse a NUL, which no argument can hold', () => {
    expect(() => sh`echo ${'a\0b'}`).toThrow('NUL');
  });

  it('refuse a variable that is no variable', () => {
    expect(() => scriptFile('', { 'x; rm -rf /': 1 })).toThrow('not a variable');
  });
});
