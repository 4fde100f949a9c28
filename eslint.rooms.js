import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The order of the house: which room stands on which. A room may import only from rooms named before it,
 * and only through their `index.ts`; files directly in `main/` are the doors and may import any room.
 * See docs/architecture.md.
 */
export const ROOMS = [
  // floor 0
  'words',
  'database',
  'settings',
  'sites',
  'history',
  'runs',
  // floor 1
  'policies',
  'releases',
  'browsers',
  'connections',
  // floor 2
  'platforms',
  'backups',
  // floor 3
  'checks',
  'updates',
  // floor 4
  'rollouts',
  // floor 5
  'schedule',
  'watch',
  'notify',
  'reports',
  // floor 6
  'api',
  // floor 7
  'shells/window',
  'shells/desktop',
  'shells/web',
  'shells/terminal',
];

const MAIN = fileURLToPath(new URL('./main/', import.meta.url)).replaceAll('\\', '/');

/** A path relative to main/; null when it lies elsewhere. */
function belowMain(file) {
  const plain = file.replaceAll('\\', '/');
  return plain.startsWith(MAIN) ? plain.slice(MAIN.length) : null;
}

/** The room that a path below main/ belongs to, or null for the doors (main/app.ts, main/cli.ts, …). */
export function roomOf(file) {
  const below = belowMain(file);
  if (below === null) return null;
  return ROOMS.find((room) => below.startsWith(`${room}/`)) ?? null;
}

/** @type {import('eslint').Rule.RuleModule} */
const order = {
  meta: {
    type: 'problem',
    docs: { description: 'a room imports only from rooms below it, through their index.ts' },
    schema: [],
    messages: {
      upward:
        "'{{from}}' may not import '{{to}}': it stands above it. Declare the need as a type and let app.ts hand it in.",
      door: "import '{{to}}' through its door: {{to}}/index.ts",
      unknown: 'main/{{to}} is not a room: name it in eslint.rooms.js',
    },
  },
  create(context) {
    const here = context.filename.replaceAll('\\', '/');
    if (belowMain(here) === null) return {};
    const from = roomOf(here);
    const check = (node) => {
      const spec = node.source?.value;
      if (typeof spec !== 'string' || !spec.startsWith('.')) return;
      const target = path.posix.join(path.posix.dirname(here), spec);
      const below = belowMain(target);
      if (below === null) return;
      const to = roomOf(target);
      if (to === from) return;
      if (to === null) {
        if (from !== null) context.report({ node, messageId: 'unknown', data: { to: below } });
        return;
      }
      if (from !== null && ROOMS.indexOf(to) > ROOMS.indexOf(from)) {
        context.report({ node, messageId: 'upward', data: { from, to } });
      }
      if (below !== `${to}/index.ts`) context.report({ node, messageId: 'door', data: { to } });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

export default { rules: { order } };
