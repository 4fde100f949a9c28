import { describe, expect, it } from 'vitest';
import { readCompiledCode } from '../../../main/updates/compiled-code.ts';

const said = (part: string) => readCompiledCode(`php=8.2.10 ${part}`);

describe('what PHP says of the code that it keeps', () => {
  it('counts as forgotten where it was, for all processes, or where none is kept', () => {
    expect(said('sapi=fpm-fcgi cached=yes forgotten=yes looks=again')).toEqual({
      php: '8.2.10',
      forgotten: true,
      neverLooks: false,
    });
    expect(said('sapi=cgi-fcgi cached=no forgotten=no looks=again')).toMatchObject({ forgotten: true });
    // Each of its processes keeps its own.
    expect(said('sapi=cgi-fcgi cached=yes forgotten=yes looks=again')).toMatchObject({ forgotten: false });
    expect(said('sapi=fpm-fcgi cached=yes forgotten=no looks=never')).toMatchObject({
      forgotten: false,
      neverLooks: true,
    });
  });

  it('is nothing where somebody else answered', () => {
    for (const header of [undefined, '', 'php', 'php=', 'php=<b>', 'cached=no', 'HIT'])
      expect(readCompiledCode(header)).toBeNull();
  });
});
