/** What a reader, and a browser, would make of a page. */
export interface ReadHtml {
  readonly title: string;
  /** Visible text; tags are spaces. */
  readonly text: string;
  /** The text outside of heads, navigation, feet and what stands beside. */
  readonly main: string;
  /** The text inside of those. */
  readonly around: string;
  /** The text with a line for each block, so that `<b>Fatal error</b>:` is one line and two paragraphs are not. */
  readonly lines: string;
  /** Tags that point to stylesheets and scripts, and fields. */
  readonly tags: readonly string[];
}

const HIDDEN = new Set(['script', 'style', 'template', 'noscript', 'svg', 'title', 'textarea']);
const AROUND = new Set(['header', 'nav', 'footer', 'aside']);
const INLINE = new Set(['a', 'b', 'i', 'em', 'strong', 'span', 'code', 'small', 'u']);
const KEPT = new Set(['link', 'script', 'input']);
const MOST_TAGS = 2_000;

/** Reads HTML in one pass whose time grows with its length alone, whatever a hostile page holds. */
export function readHtml(html: string): ReadHtml {
  let [title, text, main, around, lines] = ['', '', '', '', ''];
  const tags: string[] = [];
  let depth = 0;
  let at = 0;
  const say = (words: string) => {
    text += words;
    lines += words;
    if (depth > 0) around += words;
    else main += words;
  };
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open < 0) {
      say(html.slice(at));
      break;
    }
    say(html.slice(at, open));
    if (html.startsWith('<!--', open)) {
      const end = html.indexOf('-->', open + 4);
      if (end < 0) break;
      at = end + 3;
      continue;
    }
    const close = html.indexOf('>', open);
    if (close < 0) break;
    at = close + 1;
    const [, slash, name] = /^<(\/?)([a-z][a-z0-9-]{0,30})/i.exec(html.slice(open, open + 40)) ?? [];
    const element = name?.toLowerCase() ?? '';
    text += ' ';
    if (depth > 0) around += ' ';
    else main += ' ';
    if (!INLINE.has(element)) lines += '\n';
    if (AROUND.has(element)) depth = slash === '/' ? Math.max(0, depth - 1) : depth + 1;
    if (slash === '/') continue;
    if (KEPT.has(element) && tags.length < MOST_TAGS) tags.push(html.slice(open, Math.min(at, open + 2_000)));
    if (!HIDDEN.has(element)) continue;
    const end = endOf(html, element, at);
    if (element === 'title' && title === '') title = html.slice(at, end ?? at);
    if (end === null) break;
    at = end;
  }
  return { title, text, main, around, lines, tags };
}

/** Where an element that holds no other ends. */
function endOf(html: string, element: string, from: number): number | null {
  const closing = new RegExp(`</${element}`, 'gi');
  closing.lastIndex = from;
  return closing.exec(html)?.index ?? null;
}
