/**
 * A visitor who asks for a page every few milliseconds, in a process of its own so that nobody else's work delays the questions.
 * Arguments: URL, milliseconds. Says `asking` once the first answer is there; at the end of its stdin it prints what it saw as JSON.
 */
import http from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

/** What a visitor saw. */
export interface Seen {
  readonly asked: number;
  readonly failed: number;
  /** Milliseconds in which whoever asked saw an error or the maintenance page. */
  readonly bad: number;
  /** The different ways in which it failed. */
  readonly how: readonly string[];
}

const [url = '', every = '5'] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
const answers: { at: number; failure: string | null }[] = [];

function ask(): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  http
    .get(url, { agent, timeout: 10_000 }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => (text += part));
      answer.on('error', (error) => resolve(error.message));
      answer.on('end', () =>
        resolve(answer.statusCode === 200 && text === 'well' ? null : String(answer.statusCode)),
      );
    })
    .on('error', (error) => resolve(error.message));
  return promise;
}

let over = false;
process.stdin.resume().on('end', () => (over = true));
const asking: Promise<void>[] = [];
for (let count = 0; !over; count += 1) {
  const at = performance.now();
  const index = answers.push({ at, failure: 'no answer' }) - 1;
  asking.push(
    ask().then((failure) => {
      answers[index] = { at, failure };
      if (index === 0) process.stdout.write('asking\n');
    }),
  );
  await wait(Math.max(0, Number(every) - (performance.now() - at)));
}
await Promise.all(asking);
agent.destroy();
// Each answer stands for the time until the next question.
let bad = 0;
for (const [index, { at, failure }] of answers.entries()) {
  const next = answers[index + 1];
  if (failure !== null && next !== undefined) bad += next.at - at;
}
const failures = answers.flatMap(({ failure }) => failure ?? []);
process.stdout.write(
  `${JSON.stringify({ asked: answers.length, failed: failures.length, bad, how: [...new Set(failures)] } satisfies Seen)}\n`,
);
