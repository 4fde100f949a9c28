import { ipcRenderer } from 'electron';

// The page gets one end of a channel, the main process the other, and nothing else crosses.
const { port1, port2 } = new MessageChannel();
ipcRenderer.postMessage('groundskeeper:port', null, [port1]);
window.addEventListener('load', () => window.postMessage('groundskeeper:port', '*', [port2]), { once: true });
