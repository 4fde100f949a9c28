import { execFileSync } from 'node:child_process';

const CODE = `
class Shop { public $name; protected $url; private $root; function __construct($n, $u, $r) { $this->name = $n; $this->url = $u; $this->root = $r; } }
enum Suit: string { case Hearts = 'h'; }
function made($in) {
  switch ($in['kind']) {
    case 'text': return base64_decode($in['text']);
    case 'int': return $in['value'];
    case 'float': return (float) $in['value'];
    case 'bool': return $in['value'];
    case 'null': return null;
    case 'enum': return Suit::Hearts;
    case 'nested': return serialize(made($in['of']));
    case 'array-object': return new ArrayObject(array_map('made', $in['items']));
    case 'object': return new Shop(made($in['of']), base64_decode($in['text']), 1);
    case 'twice': $one = new stdClass(); $one->of = made($in['of']); $two = array($one, $one); $two[2] = &$two[1]; return $two;
    case 'array': $out = array(); foreach ($in['items'] as $item) $out[base64_decode($item[0])] = made($item[1]); return $out;
  }
}
/* What the rewriter should make of a value, done by PHP on the value itself. */
function replaced($value, $swap) {
  if (is_string($value)) {
    $inner = @unserialize($value);
    // What is serialized in a text is compared by what it means: PHP would write its references anew.
    if ($inner !== false && preg_match('/^(?:[aOCE]:|s:)/', $value)) return array('serialized', replaced($inner, $swap));
    return strtr($value, $swap);
  }
  if (is_array($value)) { $out = array(); foreach ($value as $key => $one) $out[is_string($key) ? strtr($key, $swap) : $key] = replaced($one, $swap); return $out; }
  if ($value instanceof ArrayObject) return new ArrayObject(replaced($value->getArrayCopy(), $swap));
  if ($value instanceof UnitEnum) return $value;
  if ($value instanceof Shop) { $copy = (fn() => new Shop(replaced($this->name, $swap), replaced($this->url, $swap), $this->root))->call($value); return $copy; }
  if (is_object($value)) { $copy = clone $value; foreach (get_object_vars($copy) as $name => $one) $copy->$name = replaced($one, $swap); return $copy; }
  return $value;
}
ini_set('serialize_precision', '17');
$in = json_decode(stream_get_contents(STDIN), true);
$out = array();
if ($in['ask'] === 'make') foreach ($in['values'] as $value) $out[] = base64_encode(serialize(made($value)));
else foreach ($in['pairs'] as $pair) {
  $was = unserialize(base64_decode($pair[0]));
  $now = unserialize(base64_decode($pair[1]));
  $out[] = $now !== false && print_r(replaced($now, array()), true) === print_r(replaced($was, $in['swap']), true);
}
echo json_encode($out);
`;

/** A value for PHP to make; texts in base64, because their bytes are no JSON. */
export type PhpPlan =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'int' | 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'null' | 'enum' }
  | { readonly kind: 'nested' | 'twice'; readonly of: PhpPlan }
  | { readonly kind: 'object'; readonly text: string; readonly of: PhpPlan }
  | { readonly kind: 'array-object'; readonly items: readonly PhpPlan[] }
  | { readonly kind: 'array'; readonly items: readonly (readonly [string, PhpPlan])[] };

function ask(question: unknown): unknown[] {
  const answer: unknown = JSON.parse(
    execFileSync('php', ['-d', 'display_errors=stderr', '-r', CODE], {
      input: JSON.stringify(question),
      encoding: 'utf8',
      maxBuffer: 64_000_000,
    }),
  );
  if (!Array.isArray(answer)) throw new TypeError('PHP said something else');
  return answer;
}

/** What PHP itself serializes. */
export function serializedByPhp(values: readonly PhpPlan[]): Buffer[] {
  return ask({ ask: 'make', values }).map((text) => Buffer.from(String(text), 'base64'));
}

/** Whether PHP reads the second of each pair, and finds in it what replacing texts in the first one's value gives. */
export function phpAgrees(
  pairs: readonly (readonly [Buffer, Buffer])[],
  swap: Readonly<Record<string, string>>,
): boolean[] {
  const inBase64 = pairs.map(([was, now]) => [was.toString('base64'), now.toString('base64')]);
  return ask({ ask: 'compare', pairs: inBase64, swap }).map((one) => one === true);
}
