import { highlightCode, tagHighlighter, tags } from '@lezer/highlight';
import type { Parser, Tree } from '@lezer/common';

/** What a piece of a text is, as far as it is shown; '' is nothing special. */
export type Kind = '' | 'comment' | 'keyword' | 'string' | 'number';
export interface Piece {
  readonly text: string;
  readonly kind: Kind;
}

/** Longer texts, and those of more pieces, are shown plainly: each piece is an element that has to be laid out. */
const MOST = 100_000;
const MOST_PIECES = 20_000;
const KINDS: readonly Kind[] = ['comment', 'keyword', 'string', 'number'];

const highlighter = tagHighlighter([
  { tag: tags.comment, class: 'comment' },
  { tag: [tags.keyword, tags.tagName, tags.processingInstruction, tags.modifier], class: 'keyword' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.attributeValue], class: 'string' },
  { tag: [tags.number, tags.bool, tags.null, tags.color, tags.unit, tags.atom], class: 'number' },
]);

/** The parser for a file by its name, loaded when it is first wanted; null: shown plainly. */
async function parserFor(name: string): Promise<Parser | null> {
  switch (/\.(\w+)$/.exec(name.toLowerCase())?.[1]) {
    case 'php':
    case 'inc':
    case 'phtml':
      return (await import('@lezer/php')).parser;
    case 'js':
    case 'mjs':
    case 'cjs':
      return (await import('@lezer/javascript')).parser;
    case 'ts':
      return (await import('@lezer/javascript')).parser.configure({ dialect: 'ts' });
    case 'css':
      return (await import('@lezer/css')).parser;
    case 'html':
    case 'htm':
      return (await import('@lezer/html')).parser;
    case 'json':
    case 'lock':
      return (await import('@lezer/json')).parser;
    case 'xml':
    case 'svg':
      return (await import('@lezer/xml')).parser;
    default:
      return null;
  }
}

/**
 * A text in pieces, for text nodes only: all its pieces together are the text, whatever it holds. Nothing of it is run.
 * null: no language is known for it, or it is too much.
 */
export async function highlighted(name: string, text: string): Promise<Piece[] | null> {
  if (text.length > MOST) return null;
  const parser = await parserFor(name);
  if (parser === null) return null;
  const tree: Tree = parser.parse(text);
  const pieces: Piece[] = [];
  const put = (piece: string, classes: string) => {
    const kind = KINDS.find((one) => one === classes) ?? '';
    const last = pieces.at(-1);
    if (last?.kind === kind) pieces[pieces.length - 1] = { kind, text: last.text + piece };
    else pieces.push({ kind, text: piece });
  };
  highlightCode(text, tree, highlighter, put, () => put('\n', ''));
  return pieces.length > MOST_PIECES ? null : pieces;
}
