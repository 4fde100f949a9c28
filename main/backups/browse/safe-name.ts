import { createHash } from 'node:crypto';

/** Bytes that a name has at most, with room for what tells two of the same apart. */
const LONGEST = 247;
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** A name that every system takes: what it can't is written as `%` and two hex digits for each byte. */
export function safeName(name: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is replaced
  const plain = name.replace(/[\u0000-\u001f<>:"\\|?*%\u007f\uD800-\uDFFF]/gu, (char) => {
    const unit = char.charCodeAt(0);
    const bytes = unit >= 0xdc80 && unit <= 0xdcff ? Buffer.of(unit - 0xdc00) : Buffer.from(char);
    return Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  });
  const ended = plain.replace(/[. ]$/, (char) => `%${char.charCodeAt(0).toString(16)}`);
  const safe = RESERVED.test(ended) ? `%${ended.charCodeAt(0).toString(16)}${ended.slice(1)}` : ended;
  return safe === '' ? '%' : shortened(safe, name);
}

/** What becomes longer than a name can be is cut, and told apart by a part of its hash. */
function shortened(safe: string, name: string): string {
  if (Buffer.byteLength(safe) <= LONGEST) return safe;
  let cut = '';
  for (const char of safe) {
    if (Buffer.byteLength(cut + char) > LONGEST - 14) break;
    cut += char;
  }
  return `${cut.replace(/%[0-9a-f]?$/, '')}~${createHash('sha256').update(JSON.stringify(name)).digest('hex').slice(0, 12)}`;
}
