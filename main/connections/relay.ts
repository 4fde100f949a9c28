import { Duplex } from 'node:stream';
import { Problem } from '../words/index.ts';
import type { Connection } from './connection.ts';
import { sh } from './script.ts';

const BY_PYTHON = `import os,select,socket,sys
s=socket.create_connection((sys.argv[1],int(sys.argv[2])),20)
s.settimeout(None)
i=0
w=[s,i]
while True:
    for r in select.select(w,[],[])[0]:
        d=s.recv(65536) if r is s else os.read(0,65536)
        if r is s:
            if not d: sys.exit(0)
            while d: d=d[os.write(1,d):]
        elif d: s.sendall(d)
        else: w=[s]; s.shutdown(socket.SHUT_WR)`;

const BY_PHP = `list(, $host, $port) = $argv;
$s = @stream_socket_client('tcp://' . (strpos($host, ':') === false ? $host : "[$host]") . ":$port", $no, $why, 20);
if (!$s) { fwrite(STDERR, $why); exit(1); }
stream_set_blocking($s, false); stream_set_blocking(STDIN, false);
$from = [$s, STDIN];
while (true) {
  $r = $from; $w = $e = null;
  if (stream_select($r, $w, $e, null) === false) exit(1);
  foreach ($r as $one) {
    $d = fread($one, 65536);
    if ($one === $s) { if (($d === '' || $d === false) && feof($s)) exit(0); fwrite(STDOUT, (string) $d); continue; }
    if ($d === '' || $d === false) { if (feof(STDIN)) { $from = [$s]; stream_socket_shutdown($s, STREAM_SHUT_WR); } continue; }
    for ($at = 0; $at < strlen($d);) { $n = @fwrite($s, substr($d, $at)); if ($n === false) exit(1); $at += $n; if (!$n) usleep(1000); }
  }
}`;

/**
 * A stream to a port of the server through one of its programs, where it does not forward ports itself.
 * @throws Problem `no-shell`, `channel-refused`, `connection-lost`. A server without such a program ends the stream at once.
 */
export async function relayThrough(connection: Connection, host: string, port: number): Promise<Duplex> {
  const process =
    await connection.start(sh`if command -v python3 >/dev/null 2>&1; then exec python3 -c ${BY_PYTHON} ${host} ${port}; fi
if command -v php >/dev/null 2>&1; then exec php -r ${BY_PHP} -- ${host} ${port}; fi
if command -v nc >/dev/null 2>&1; then exec nc ${host} ${port}; fi
exec curl -sN ${`telnet://${host.includes(':') ? `[${host}]` : host}:${port}`}`);
  process.stderr.resume();
  process.exit.catch(() => {});
  const stream = Duplex.from({ writable: process.stdin, readable: process.stdout });
  stream.once('close', () => process.kill());
  return stream;
}

/** @throws always: a server that does not forward ports. */
export function notForwarded(
  label: string,
  host: string,
  port: number,
  answered: string,
  cause?: unknown,
): Problem {
  return new Problem(
    {
      code: 'no-forwarding',
      message: `The server did not open a way to its port ${port}.`,
      attempted: `Reach ${host}:${port} from ${label}`,
      answered,
    },
    cause,
  );
}
