export type Sized = { readonly size: number; readonly png: Buffer };

/** A Windows icon file that holds PNGs (understood since Vista). */
export function ico(images: readonly Sized[]): Buffer {
  const head = Buffer.alloc(6 + 16 * images.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(images.length, 4);
  let at = head.length;
  images.forEach(({ size, png }, index) => {
    const entry = 6 + 16 * index;
    head.writeUInt8(size % 256, entry);
    head.writeUInt8(size % 256, entry + 1);
    head.writeUInt16LE(1, entry + 4);
    head.writeUInt16LE(32, entry + 6);
    head.writeUInt32LE(png.length, entry + 8);
    head.writeUInt32LE(at, entry + 12);
    at += png.length;
  });
  return Buffer.concat([head, ...images.map(({ png }) => png)]);
}

/** Which names an Apple icon file gives to a PNG of a size; some sizes serve as the double of a smaller one. */
const NAMES: Readonly<Record<number, readonly string[]>> = {
  16: ['icp4'],
  32: ['icp5', 'ic11'],
  64: ['ic12'],
  128: ['ic07'],
  256: ['ic08', 'ic13'],
  512: ['ic09', 'ic14'],
  1024: ['ic10'],
};

/** An Apple icon file that holds PNGs. */
export function icns(images: readonly Sized[]): Buffer {
  const parts = images.flatMap(({ size, png }) =>
    (NAMES[size] ?? []).map((name) => Buffer.concat([Buffer.from(name, 'latin1'), big(png.length + 8), png])),
  );
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from('icns', 'latin1'), big(body.length + 8), body]);
}

function big(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
