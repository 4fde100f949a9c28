/** The app in a process of its own, as a service runs it, reached by its local socket: `app-alone.ts DATA_FOLDER` prints a line when it is ready and ends with its stdin. */
import { openHeadless } from '../../main/open-headless.ts';
import { serveSocket } from '../../main/shells/terminal/index.ts';

const [, , dataFolder = ''] = process.argv;
const app = await openHeadless({ dataFolder, shell: 'terminal', stays: false });
const socket = await serveSocket(app.router, dataFolder);
console.log('ready');
process.stdin
  .on(
    'end',
    () =>
      void socket
        .close()
        .then(() => app.close())
        .then(() => process.exit(0)),
  )
  .resume();
