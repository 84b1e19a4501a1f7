import type { ApiObject } from "../../crds/metadata.ts";
import type { WatchEvent } from "../../reconcilers/contract/resource-client.ts";
import type { Clock } from "../engine/index.ts";
import type { StoreWatch } from "../store/index.ts";

const BOOKMARK_EVERY_MS = 60_000;

/**
 * The events of a watch with a bookmark every minute and one at the end,
 * until the time is up or the signal is aborted.
 */
export async function* withBookmarks(
  watch: StoreWatch<ApiObject>,
  about: { readonly clock: Clock; readonly signal: AbortSignal; readonly timeoutMs: number },
): AsyncGenerator<WatchEvent<ApiObject>> {
  const close = (): void => watch.close();
  const cancelTimeout = about.clock.after(about.timeoutMs, close);
  about.signal.addEventListener("abort", close, { once: true });
  if (about.signal.aborted) close();
  const bookmark = (): WatchEvent<ApiObject> => ({
    type: "BOOKMARK",
    resourceVersion: watch.resourceVersion,
  });
  const ticker = createTicker(about.clock);
  try {
    const iterator = watch[Symbol.asyncIterator]();
    let next = iterator.next();
    for (;;) {
      const won = await Promise.race([next, ticker.tick()]);
      if (won === "tick") yield bookmark();
      else if (won.done === true) break;
      else {
        yield won.value;
        next = iterator.next();
      }
    }
    if (!about.signal.aborted) yield bookmark();
  } finally {
    about.signal.removeEventListener("abort", close);
    cancelTimeout();
    ticker.stop();
    close();
  }
}

/** One timer at a time, however many events come between two ticks. */
function createTicker(clock: Clock): { tick(): Promise<"tick">; stop(): void } {
  let cancel = (): void => {};
  let pending: Promise<"tick"> | undefined;
  return {
    tick() {
      pending ??= new Promise((resolve) => {
        cancel = clock.after(BOOKMARK_EVERY_MS, () => {
          pending = undefined;
          resolve("tick");
        });
      });
      return pending;
    },
    stop: () => cancel(),
  };
}
