import { expect, it } from 'vitest';
import { databaseInWords } from '../../../main/platforms/index.ts';

it('calls a database what people call it', () => {
  expect(databaseInWords({ kind: 'mariadb', version: '10.11.19-MariaDB-0+deb12u1' })).toBe(
    'MariaDB 10.11.19',
  );
  expect(databaseInWords({ kind: 'sqlite', version: '3.40.1' })).toBe('SQLite 3.40.1');
});
