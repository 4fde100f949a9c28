/**
 * Ends a process as nothing else does (SIGKILL); one that has gone already is no error.
 * @throws TypeError where it is no process's number: to the system 0 means our own group, and negative numbers others'
 */
export function endProcess(pid: number): void {
  if (!Number.isSafeInteger(pid) || pid <= 1) throw new TypeError(`there is no process ${pid} to end`);
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone already.
  }
}
