import { setInterval } from "node:timers/promises";

/** How often the event loop is looked at; it is not while something holds it. */
const EVERY_MS = 1;

/**
 * At a first signal begins to watch this process's event loop, and at the next says on its stdout how long the loop was
 * held at most: in processor time, so that what else the machine does is not counted.
 */
export function watchLoopAt(signal: NodeJS.Signals): void {
  let [isWatching, longestMs] = [false, 0];
  const watch = async (): Promise<void> => {
    let before = spentMs();
    for await (const _ of setInterval(EVERY_MS)) {
      if (!isWatching) return;
      const now = spentMs();
      longestMs = Math.max(longestMs, now - before);
      before = now;
    }
  };
  process.on(signal, () => {
    isWatching = !isWatching;
    if (!isWatching) return void process.stdout.write(`${JSON.stringify({ longestMs })}\n`);
    longestMs = 0;
    void watch();
  });
}

function spentMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
