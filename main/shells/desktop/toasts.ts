import type { Notice } from '../../notify/index.ts';

/** The parts of Electron's `Notification` that are used. */
type Toast = { on(event: 'click' | 'close' | 'failed', listener: () => void): unknown; show(): void };

/**
 * Shows notices as toasts; a click goes to what they tell about. Each is held until it is gone, because a
 * collected one does not hear its click.
 */
export function toaster(needs: {
  readonly isSupported: () => boolean;
  readonly make: (words: { title: string; body: string }) => Toast;
  readonly go: (to: string) => void;
}): (notice: Notice) => void {
  const held = new Set<Toast>();
  return ({ title, body, to }) => {
    if (!needs.isSupported()) return;
    const toast = needs.make({ title, body });
    held.add(toast);
    toast.on('click', () => {
      held.delete(toast);
      needs.go(to);
    });
    toast.on('close', () => held.delete(toast));
    // Unsigned apps on macOS fail here; the app's own history has it all the same.
    toast.on('failed', () => held.delete(toast));
    toast.show();
  };
}
