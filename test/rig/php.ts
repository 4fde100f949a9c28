import type { Account } from './accounts.ts';
import { startServer } from './commands.ts';
import { aFreePort, answersOn } from './ports.ts';

/** PHP's own web server over one folder. */
export interface PhpServer {
  readonly port: number;
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

/** How PHP serves a folder. */
export interface PhpOptions {
  readonly root: string;
  readonly as?: Account;
  /** PHP's errors go to this file. */
  readonly errorLog: string;
  /** Shows PHP's errors in the page, as careless hosts do. Off unless said otherwise. */
  readonly showErrors?: boolean;
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /**
   * PHP keeps compiled files for two seconds without looking whether they changed, as it does on nearly every
   * host; after that it looks at the modification time only. False switches that off; `never-looks` never looks again.
   */
  readonly opcache?: Opcache;
}

export type Opcache = boolean | 'never-looks' | 'never-looks, untold';

/** The settings every PHP process of a site runs with: errors to a file, no mail to anybody. */
export function phpSettings(errorLog: string, showErrors = false): string[] {
  const settings = {
    error_log: errorLog,
    log_errors: '1',
    display_errors: showErrors ? '1' : '0',
    sendmail_path: '/bin/true',
    memory_limit: '256M',
    'session.save_path': '/tmp',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-d', `${name}=${value}`]);
}

/** Serves a folder with `php -S` and four workers, as the given account. */
export async function startPhp(options: PhpOptions): Promise<PhpServer> {
  const port = options.port ?? (await aFreePort());
  const { as } = options;
  const settings = phpSettings(options.errorLog, options.showErrors);
  const { opcache = true } = options;
  if (opcache === false) settings.push('-d', 'opcache.enable=0');
  if (opcache !== false && opcache !== true) settings.push('-d', 'opcache.validate_timestamps=0');
  if (opcache === 'never-looks, untold') settings.push('-d', 'opcache.restrict_api=/nowhere');
  const server = await startServer(
    'php',
    [...settings, '-S', `127.0.0.1:${port}`, '-t', options.root],
    () => answersOn(port),
    {
      as,
      cwd: options.root,
      env: { PATH: process.env.PATH, HOME: as?.home, PHP_CLI_SERVER_WORKERS: '4', ...options.env },
    },
  );
  return { port, url: `http://127.0.0.1:${port}`, stop: () => server.stop() };
}
