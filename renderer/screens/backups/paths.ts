/** The folder that a path in a backup lies in; '' is the root. */
export function parentIn(path: string): string {
  const cut = path.lastIndexOf('/');
  return cut < 0 ? '' : path.slice(0, cut);
}

/** The last part of a path. */
export function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A name in a folder as a path. */
export function pathIn(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** A name for a backup's zip that every system takes: `harbour-yoga-2026-11-18.zip`, the day as it is here. */
export function zipNameOf(siteName: string, takenAt: number): string {
  const plain = siteName
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '');
  const date = new Date(takenAt);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${[plain.slice(0, 60), day].filter((part) => part !== '').join('-')}.zip`;
}

/** Each folder on the way to a path, with the path that leads there. */
export function stepsTo(path: string): { name: string; path: string }[] {
  const parts = path === '' ? [] : path.split('/');
  return parts.map((name, at) => ({ name, path: parts.slice(0, at + 1).join('/') }));
}
