import { parseArgs } from 'node:util';
import { dataFolderOf } from './installed.ts';
import { serve } from './serve.ts';
import { asProblem } from './words/index.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    port: { type: 'string', default: '0' },
    dev: { type: 'boolean', default: false },
  },
});
try {
  await serve({
    dataFolder: dataFolderOf(values.data, process.env),
    port: Number(values.port),
    dev: values.dev,
    say: (line) => console.log(line),
  });
  process.exit(0);
} catch (error) {
  const { message, answered, todo } = asProblem(error);
  console.error([message, answered, todo].filter((part) => part !== '').join('\n'));
  process.exit(1);
}
