import { encodeName } from '../words/index.ts';

declare const scriptBrand: unique symbol;

/** A POSIX-sh script in which every argument has been quoted. Only {@link sh} makes one. */
export interface Script {
  readonly [scriptBrand]: true;
  readonly text: string;
}

class BuiltScript implements Script {
  declare readonly [scriptBrand]: true;
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Quotes one argument for sh. The one place where anything is quoted for a server. */
export function quote(argument: string): string {
  if (argument.includes('\0')) throw new TypeError('an argument cannot hold a NUL byte');
  return /^[A-Za-z0-9_/.:=@%+,-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

type Part = string | number | Script | readonly (string | number)[];

/**
 * Builds a script: text stands as written (a backslash is the script's own), every value is quoted (a list becomes several arguments), and
 * another script is put in as it is.
 *
 *     sh`rm -rf -- ${path} && mv -- ${from} ${to}`
 */
export function sh(texts: TemplateStringsArray, ...values: readonly Part[]): Script {
  let text = texts.raw[0] ?? '';
  values.forEach((value, index) => {
    text += wordsOfPart(value) + (texts.raw[index + 1] ?? '');
  });
  return new BuiltScript(text);
}

/** Several scripts, one after the other, each on lines of its own. */
export function lines(...scripts: readonly Script[]): Script {
  return new BuiltScript(scripts.map((script) => script.text).join('\n'));
}

/** A script from a file in `resources/`, preceded by `name=value` for each variable it reads. */
export function scriptFile(text: string, variables: Readonly<Record<string, string | number>>): Script {
  const settings = Object.entries(variables).map(([name, value]) => {
    if (!/^[a-z_][a-z0-9_]*$/.test(name)) throw new TypeError(`not a variable: ${name}`);
    return `${name}=${quote(String(value))}`;
  });
  return new BuiltScript([...settings, text].join('\n'));
}

function wordsOfPart(part: Part): string {
  if (typeof part === 'string' || typeof part === 'number') return quote(String(part));
  if ('text' in part) return part.text;
  return part.map((word) => quote(String(word))).join(' ');
}

/**
 * The command that is sent to the server's login shell, whatever that is, and the bytes that follow on its
 * stdin. The script itself travels over stdin: so nothing in it shows in the process list, nothing depends
 * on how fish or csh quote, and what comes after it on stdin is the script's own input. `dd bs=1` because
 * it reads not one byte too many, which sh itself does not promise; where dd knows `fullblock` it reads just as exactly in one piece, and where it does
 * not, it fails before it has read anything. A script that did not come whole is not run: where a connection is cut, or dd ended, what is
 * left of one may mean something else.
 */
export function onTheWire(script: Script): { command: string; head: Buffer } {
  const text = encodeName(script.text);
  const end = `#whole ${text.length}`;
  const head = Buffer.concat([text, Buffer.from(`\n${end}`)]);
  const exactly = `dd bs=${head.length} count=1 iflag=fullblock 2>/dev/null || dd bs=1 count=${head.length} 2>/dev/null`;
  const run = `case $gk_script in *"${end}") eval "$gk_script" ;; *) echo "the command did not arrive whole" >&2; exit 126 ;; esac`;
  return { command: `exec /bin/sh -c 'gk_script="$(${exactly})"; ${run}'`, head };
}

/** A program that is given to a script over stdin. */
export interface ProgramOnStdin {
  /** Reads it into `$code`, and ends the script where it did not come whole: what is left of it may do a part, or nothing, and call that well. */
  readonly read: Script;
  /** What it ends with, for a script that reads it itself. */
  readonly end: string;
  readonly stdin: string;
}

/** Has a script run a program, without its opening tag or the like, in which `//` begins a comment. */
export function programOnStdin(program: string): ProgramOnStdin {
  const end = `// whole ${program.length}`;
  return {
    read: sh`code=$(cat); case $code in *${end}) ;; *) echo 'the program did not arrive whole' >&2; exit 126 ;; esac`,
    end,
    stdin: `${program}\n${end}`,
  };
}
