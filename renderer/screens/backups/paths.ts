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

/** Each folder on the way to a path, with the path that leads there. */
export function stepsTo(path: string): { name: string; path: string }[] {
  const parts = path === '' ? [] : path.split('/');
  return parts.map((name, at) => ({ name, path: parts.slice(0, at + 1).join('/') }));
}
