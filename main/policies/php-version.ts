/**
 * PHP's `version_compare`, step for step as php-src's main/… ext/standard/versioning.c does it, because
 * WordPress orders versions by it. Works on bytes, as PHP does.
 * @returns -1, 0 or 1
 */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  return compareBytes(bytesOf(a), bytesOf(b));
}

/** The bytes that PHP sees, one char each; its C strings end at a NUL. */
function bytesOf(text: string): string {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const end = bytes.indexOf('\0');
  return end < 0 ? bytes : bytes.slice(0, end);
}

const isDigit = (char: string) => char >= '0' && char <= '9';
const isAlphanumeric = (char: string) => /^[0-9A-Za-z]$/.test(char);
const isSeparator = (char: string) => char === '-' || char === '_' || char === '+';
const isOther = (char: string) => !isDigit(char) && char !== '.';

/** Dots between digits and everything else, `-`, `_`, `+` and other punctuation as dots. */
function canonical(version: string): string {
  let out = version.charAt(0);
  let last = version.charAt(0);
  for (const char of version.slice(1)) {
    const dotted = out.endsWith('.');
    if (isSeparator(char)) {
      if (!dotted) out += '.';
    } else if ((isOther(last) && isDigit(char)) || (isDigit(last) && isOther(char))) {
      out += dotted ? char : `.${char}`;
    } else if (!isAlphanumeric(char)) {
      if (!dotted) out += '.';
    } else {
      out += char;
    }
    last = char;
  }
  return out;
}

const FORMS: readonly (readonly [string, number])[] = [
  ['dev', 0],
  ['alpha', 1],
  ['a', 1],
  ['beta', 2],
  ['b', 2],
  ['RC', 3],
  ['rc', 3],
  ['#', 4],
  ['pl', 5],
  ['p', 5],
];

function formOf(part: string): number {
  return FORMS.find(([name]) => part.startsWith(name))?.[1] ?? -1;
}

function sign(difference: number | bigint): -1 | 0 | 1 {
  return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}

const LONG_MAX = 2n ** 63n - 1n;

/** strtol: leading digits, no more than a long holds. */
function numberOf(part: string): bigint {
  const value = BigInt(/^\d+/.exec(part)?.[0] ?? '0');
  return value > LONG_MAX ? LONG_MAX : value;
}

function compareParts(a: string, b: string): -1 | 0 | 1 {
  const numericA = isDigit(a.charAt(0));
  const numericB = isDigit(b.charAt(0));
  if (numericA && numericB) return sign(numberOf(a) - numberOf(b));
  return sign(formOf(numericA ? '#N#' : a) - formOf(numericB ? '#N#' : b));
}

function compareBytes(a: string, b: string): -1 | 0 | 1 {
  if (a === '' && b === '') return 0;
  if (b === '' || a === '') return a === '' ? -1 : 1;
  let restA: string | null = a.startsWith('#') ? a : canonical(a);
  let restB: string | null = b.startsWith('#') ? b : canonical(b);
  while (restA !== null && restA !== '' && restB !== null && restB !== '') {
    const [partA, nextA] = cut(restA);
    const [partB, nextB] = cut(restB);
    const compared = compareParts(partA, partB);
    if (compared !== 0) return compared;
    restA = nextA;
    restB = nextB;
  }
  if (restA !== null) return isDigit(restA.charAt(0)) ? 1 : compareBytes(restA, '#N#');
  if (restB !== null) return isDigit(restB.charAt(0)) ? -1 : compareBytes('#N#', restB);
  return 0;
}

function cut(text: string): [string, string | null] {
  const dot = text.indexOf('.');
  return dot < 0 ? [text, null] : [text.slice(0, dot), text.slice(dot + 1)];
}
