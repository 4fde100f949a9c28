import type { Script } from '../connections/index.ts';

/** One command for so many names at a time: a command has a longest line. */
export function inBatches(names: readonly string[], command: (some: readonly string[]) => Script): Script[] {
  const commands: Script[] = [];
  for (let at = 0; at < names.length; at += 200) commands.push(command(names.slice(at, at + 200)));
  return commands;
}
