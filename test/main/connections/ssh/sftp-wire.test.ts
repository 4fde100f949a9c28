import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packetsOf } from '../../../../main/connections/ssh/sftp-wire.ts';

const packets = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 20 });

it('finds the same packets wherever the stream is cut', () => {
  fc.assert(
    fc.property(packets, fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 40 }), (sent, cuts) => {
      const stream = Buffer.concat(
        sent.flatMap((packet) => {
          const length = Buffer.alloc(4);
          length.writeUInt32BE(packet.length);
          return [length, packet];
        }),
      );
      const got: string[] = [];
      const take = packetsOf((packet) => got.push(packet.toString('hex')));
      let from = 0;
      for (const cut of cuts) {
        if (from < stream.length) take(stream.subarray(from, from + cut));
        from += cut;
      }
      if (from < stream.length) take(stream.subarray(from));
      expect(got).toEqual(sent.map((packet) => Buffer.from(packet).toString('hex')));
    }),
  );
});

it('refuses what is no packet, however long it says it is', () => {
  for (const length of [0, 0xffffffff, 300_000]) {
    const start = Buffer.alloc(4);
    start.writeUInt32BE(length);
    expect(() => packetsOf(() => {})(start)).toThrow(RangeError);
  }
});
