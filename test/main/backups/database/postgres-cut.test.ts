import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanStatements } from '../../../../main/backups/database/dump/postgres-statements.ts';
import { cutPostgres } from '../../../../main/backups/database/dump/postgres-cut.ts';

function scanned(dump: string, cuts: readonly number[] = []): { statements: string[]; rows: string[] } {
  const bytes = Buffer.from(dump);
  const [statements, rows]: [string[], string[]] = [[], []];
  const feed = scanStatements({
    statement: (text) => void statements.push(text),
    rows: (_copy, from, to) => void rows.push(bytes.subarray(from, to).toString()),
  });
  let from = 0;
  for (const cut of [...cuts.map((one) => one % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    feed(bytes.subarray(from, cut));
    from = cut;
  }
  return { statements, rows };
}

const NASTY = `\\restrict key
-- a comment; with ' and "
SELECT 1; CREATE TABLE public.t (a text DEFAULT 'a;''b', "b;""c" int /* ; /* ' */ ; */ );
COPY public.t (a, "b;""c") FROM stdin;
';\\\\.
\\.

CREATE FUNCTION f() AS $body$ ; ' COPY public.t FROM stdin; $$ $other$ $body$ LANGUAGE sql;
SELECT E'\\'; --', 'a\\'; SELECT e'\\\\'';', U&'x'';';
SELECT a$b$ FROM c; CREATE RULE r AS ON DELETE TO public.t DO (SELECT 1; SELECT 2);
`;

describe('a dump of pg_dump', () => {
  it('is taken apart as its server does', () => {
    const { statements, rows } = scanned(NASTY);
    expect(rows).toEqual([`';\\\\.\n\\.\n`]);
    expect(statements).toEqual([
      'SELECT 1;',
      `CREATE TABLE public.t (a text DEFAULT 'a;''b', "b;""c" int   );`,
      `CREATE FUNCTION f() AS $body$ ; ' COPY public.t FROM stdin; $$ $other$ $body$ LANGUAGE sql;`,
      `SELECT E'\\'; --', 'a\\';`,
      `SELECT e'\\\\'';', U&'x'';';`,
      'SELECT a$b$ FROM c;',
      'CREATE RULE r AS ON DELETE TO public.t DO (SELECT 1; SELECT 2);',
    ]);
  });

  it('is taken apart the same in whatever pieces it comes', () => {
    const whole = scanned(NASTY);
    fc.assert(
      fc.property(fc.array(fc.nat(2000), { maxLength: 30 }), (cuts) => {
        expect(scanned(NASTY, cuts)).toEqual(whole);
      }),
    );
  });

  it('has a string, a name or a comment with anything in it within one statement', () => {
    const inside = fc.oneof(
      fc.string().map((text) => `'${text.replaceAll("'", "''")}'`),
      fc.string({ minLength: 1 }).map((text) => `"${text.replaceAll('"', '""')}"`),
      fc.string().map((text) => `$gk$${text.replaceAll('$', '')}$gk$`),
    );
    fc.assert(
      fc.property(fc.array(inside), (parts) => {
        const text = `SELECT ${parts.join(' , ')};`;
        expect(scanned(`${text}\nSELECT 2;\n`).statements).toEqual([
          Buffer.from(text).toString('latin1'),
          'SELECT 2;',
        ]);
      }),
    );
  });

  it('has each table’s own statements told from those of others', async () => {
    const dump = `CREATE TABLE public.a (id int);
CREATE TABLE public.b (id int);
CREATE SEQUENCE public.s;
ALTER SEQUENCE public.s OWNED BY public.a.id;
COPY public.b (id) FROM stdin;
1
\\.

SELECT pg_catalog.setval('public.s', 3, true);
ALTER TABLE ONLY public.a
    ADD CONSTRAINT refers FOREIGN KEY (id) REFERENCES public.b(id);
CREATE TRIGGER "on public.b" BEFORE UPDATE OF "x ON public.b", id ON public.a FOR EACH ROW EXECUTE FUNCTION f();
DROP TABLE public.a;
`;
    const { pieces, tables } = await cutPostgres(
      (async function* () {
        yield Buffer.from(dump);
      })(),
    );
    expect([...tables]).toEqual(['public.a', 'public.b']);
    expect(pieces.map(({ kind, table, sql }) => `${table} ${kind} ${sql.slice(0, 14)}`)).toEqual([
      'public.a definition CREATE TABLE p',
      'public.b definition CREATE TABLE p',
      'public.a definition CREATE SEQUENC',
      'public.a definition ALTER SEQUENCE',
      'public.b rows COPY public.b ',
      'public.a value SELECT pg_cata',
      'public.a definition ALTER TABLE ON',
      'public.a definition CREATE TRIGGER',
    ]);
  });
});
