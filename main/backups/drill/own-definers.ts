/** What comes before `DEFINER=…` in a line that makes a view, a trigger, a routine or an event. */
const DEFINER =
  /^(CREATE (?:ALGORITHM=[A-Z]* )?|\/\*![0-9]* (?:CREATE\*\/ \/\*![0-9]* )?)DEFINER=[`"][^`"]*[`"]@[`"][^`"]*[`"]/;
const NEWLINE = 0x0a;
/** Longer lines are rows. */
const LONGEST = 65_536;

/**
 * Makes what acts as somebody else act as whoever restores it: only an administrator may make the other. The same as
 * `resources/database/mysql.sh` does on servers. Bytes stay as they are.
 */
export async function* ownDefiners(dump: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  let line: Buffer = Buffer.alloc(0);
  /** The rest of a long line goes through as it comes. */
  let inside = false;
  for await (const chunk of dump) {
    let from = 0;
    const out: Buffer[] = [];
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const rest = chunk.subarray(from, at + 1);
      out.push(inside ? rest : mended(Buffer.concat([line, rest])));
      line = Buffer.alloc(0);
      inside = false;
      from = at + 1;
    }
    const rest = chunk.subarray(from);
    if (inside) out.push(rest);
    else {
      line = Buffer.concat([line, rest]);
      if (line.length > LONGEST) {
        out.push(line);
        line = Buffer.alloc(0);
        inside = true;
      }
    }
    if (out.length > 0) yield Buffer.concat(out);
  }
  if (line.length > 0) yield mended(line);
}

function mended(line: Buffer): Buffer {
  if (line[0] !== 0x43 && line[0] !== 0x2f) return line;
  return Buffer.from(line.toString('latin1').replace(DEFINER, '$1'), 'latin1');
}
