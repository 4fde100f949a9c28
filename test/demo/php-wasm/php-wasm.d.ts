/*
 * What we use of PHP in WebAssembly. The packages' own types cannot be read by TypeScript's NodeNext resolution
 * (`@php-wasm/universal` has imports without extensions) or are missing (`@php-wasm/node-8-4`).
 */
declare module '@php-wasm/node-8-4' {
  export function getPHPLoaderModule(): Promise<unknown>;
}

declare module '@php-wasm/universal' {
  interface EmscriptenFiles {
    readonly filesystems: { readonly NODEFS: unknown };
    mount(type: unknown, options: { root: string }, at: string): void;
    unmount(at: string): void;
  }
  interface StreamedAnswer {
    readonly stdout: ReadableStream<Uint8Array>;
    readonly stderr: ReadableStream<Uint8Array>;
    readonly exitCode: Promise<number>;
  }
  interface PageAnswer {
    readonly httpStatusCode: number;
    readonly headers: Record<string, string[]>;
    readonly bytes: Uint8Array;
    readonly errors: string;
  }
  export function loadPHPRuntime(loader: unknown, options: Record<string, unknown>): Promise<number>;
  export function setPhpIniEntries(php: PHP, entries: Record<string, string>): Promise<void>;
  export class PHP {
    constructor(runtime: number);
    mkdir(path: string): void;
    chdir(path: string): void;
    exit(code?: number): void;
    mount(
      at: string,
      handler: (php: PHP, FS: EmscriptenFiles, at: string) => () => void,
    ): Promise<() => void>;
    cli(argv: string[], options?: { env?: Record<string, string>; cwd?: string }): Promise<StreamedAnswer>;
  }
  export class PHPRequestHandler {
    constructor(options: {
      documentRoot: string;
      absoluteUrl: string;
      cookieStore: false;
      maxPhpInstances: number;
      phpFactory: () => Promise<PHP>;
      getFileNotFoundAction: (path: string) => { type: 'internal-redirect'; uri: string } | { type: '404' };
    });
    request(request: {
      url: string;
      method: string;
      headers: Record<string, string>;
      body?: Uint8Array;
    }): Promise<PageAnswer>;
  }
}
