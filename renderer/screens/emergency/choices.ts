import type { RepairChoice, RepairComponent, RepairFile } from '../../../main/api/index.ts';

/** What is chosen to be done, by path: files that go back, and files that are removed. */
export type ChosenPaths = ReadonlySet<string>;

/** What is chosen before anybody chooses: all that differs where the release is known. Nothing is removed. */
export function usualChoice(components: readonly RepairComponent[]): ChosenPaths {
  return new Set(
    components
      .filter(({ state }) => state === 'known')
      .flatMap(({ files }) => files.filter(({ state }) => state !== 'extra').map(({ path }) => path)),
  );
}

/** What is chosen, as the engine takes it; empty: nothing. */
export function choicesOf(components: readonly RepairComponent[], chosen: ChosenPaths): RepairChoice[] {
  return components.flatMap(({ kind, slug, files }) => {
    const pathsOf = (wanted: (file: RepairFile) => boolean) =>
      files.filter((file) => chosen.has(file.path) && wanted(file)).map(({ path }) => path);
    const back = pathsOf(({ state }) => state !== 'extra');
    const remove = pathsOf(({ state }) => state === 'extra');
    return back.length + remove.length === 0 ? [] : [{ kind, slug, files: back, remove }];
  });
}
