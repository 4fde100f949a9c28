import { bytesInWords, counted, type Progress } from '../../words/index.ts';

/** Where a command's words go. With `--json`, stdout carries exactly one document, at the end. */
export interface Output {
  readonly json: boolean;
  /** A line for the reader; nothing with --json or --quiet. */
  say(line: string): void;
  /** The command's result: rows as a table, or the document itself. */
  result(
    document: unknown,
    table?: { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] },
  ): void;
  /** Bytes as they are. */
  raw(bytes: Buffer): void;
  progress(progress: Progress | null): void;
  warn(line: string): void;
}

export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export function createOutput(
  options: { readonly json: boolean; readonly quiet: boolean },
  { stdout, stderr }: Streams,
): Output {
  const live = stderr.isTTY && !options.quiet;
  let shown = false;
  const clear = () => {
    if (shown) stderr.write('\r\u001b[2K');
    shown = false;
  };
  return {
    json: options.json,
    say(line) {
      clear();
      if (!options.json && !options.quiet) stdout.write(`${line}\n`);
    },
    result(document, table) {
      clear();
      if (options.json) stdout.write(`${JSON.stringify(document, null, 2)}\n`);
      else if (table) stdout.write(layOut(table.columns, table.rows, stdout.isTTY ? stdout.columns : null));
    },
    raw(bytes) {
      stdout.write(bytes);
    },
    progress(progress) {
      if (!live) return;
      clear();
      if (progress === null) return;
      stderr.write(
        `${bar(progress)} ${progress.what} ${amount(progress)}${remaining(progress)}`.slice(
          0,
          (stderr.columns || 80) - 1,
        ),
      );
      shown = true;
    },
    warn(line) {
      clear();
      stderr.write(`${printable(line)}\n`);
    },
  };
}

/** Text from a site without anything that steers a terminal. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\uD800-\uDFFF]/gu, '�');
}

/** A time for people, in the computer's own zone. */
export function when(millis: number | null): string {
  if (millis === null) return 'never';
  const date = new Date(millis);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function layOut(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | null,
): string {
  if (rows.length === 0) return '';
  const clean = rows.map((row) => row.map((cell) => printable(cell).replaceAll('\n', ' ')));
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...clean.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) => {
    const text = cells
      .map((cell, index) => (index === cells.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd();
    return width !== null && text.length > width ? `${text.slice(0, width - 1)}…` : text;
  };
  return `${[line(columns.map((column) => column.toUpperCase())), ...clean.map(line)].join('\n')}\n`;
}

function bar({ done, total }: Progress): string {
  if (total === null || total === 0) return '[····················]';
  const full = Math.round((Math.min(done, total) / total) * 20);
  return `[${'█'.repeat(full)}${'·'.repeat(20 - full)}]`;
}

function remaining({ left }: Progress): string {
  if (left === undefined) return '';
  const minutes = Math.round(left / 60_000);
  if (left < 55_000) return ', less than a minute left';
  return minutes < 90
    ? `, about ${counted(Math.max(1, minutes), 'minute')} left`
    : `, about ${counted(Math.round(minutes / 60), 'hour')} left`;
}

function amount({ done, total, unit }: Progress): string {
  const one = (value: number) => (unit === 'bytes' ? bytesInWords(value) : String(value));
  return total === null ? (done === 0 ? '' : one(done)) : `${one(done)} / ${one(total)}`;
}
