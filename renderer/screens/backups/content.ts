export type PictureType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64);
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** Bytes as text; what is not UTF-8 shows as the replacement character. */
export function textOf(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}

/** The kind of picture by its first bytes, whatever the name says; null: none that we redraw. SVG is text. */
export function pictureType(content: Uint8Array): PictureType | null {
  const head = String.fromCharCode(...content.subarray(0, 12));
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'image/gif';
  if (head.startsWith('RIFF') && head.slice(8) === 'WEBP') return 'image/webp';
  return null;
}
