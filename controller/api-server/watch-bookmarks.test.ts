import { describe, expect, it } from "vitest";
import type { ApiObject } from "../../crds/metadata.ts";
import type { WatchEvent } from "../../reconcilers/contract/resource-client.ts";
import type { Clock } from "../engine/index.ts";
import type { StoreWatch } from "../store/index.ts";
import { withBookmarks } from "./watch-bookmarks.ts";

/** Timers that fire when they are told to. */
function createManualClock(): Clock & { fire(ms: number): void; readonly pending: () => number } {
  const timers = new Set<{ readonly ms: number; readonly call: () => void }>();
  return {
    now: () => new Date(0),
    after(ms, call) {
      const timer = { ms, call };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    fire(ms) {
      for (const timer of timers) {
        if (timer.ms !== ms) continue;
        timers.delete(timer);
        timer.call();
      }
    },
    pending: () => timers.size,
  };
}

function createWatch(): StoreWatch<ApiObject> & {
  push(version: string): void;
  readonly isClosed: () => boolean;
} {
  const events: WatchEvent<ApiObject>[] = [];
  let version = "0";
  let closed = false;
  let wake = (): void => undefined;
  return {
    get resourceVersion() {
      return version;
    },
    isClosed: () => closed,
    push(next) {
      version = next;
      const metadata = { name: "x", uid: "u", resourceVersion: next, creationTimestamp: "" };
      events.push({ type: "MODIFIED", object: { apiVersion: "v1", kind: "Bottle", metadata } });
      wake();
    },
    close() {
      closed = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      while (!closed) {
        yield* events.splice(0);
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (closed || events.length > 0) resolve();
        });
      }
    },
  };
}

const TIMEOUT_MS = 10_000;
const setUp = (): {
  clock: ReturnType<typeof createManualClock>;
  watch: ReturnType<typeof createWatch>;
  abort: AbortController;
  events: AsyncGenerator<WatchEvent<ApiObject>>;
} => {
  const clock = createManualClock();
  const watch = createWatch();
  const abort = new AbortController();
  return {
    clock,
    watch,
    abort,
    events: withBookmarks(watch, { clock, signal: abort.signal, timeoutMs: TIMEOUT_MS }),
  };
};

describe("withBookmarks", () => {
  it("puts a bookmark of the newest version after each minute, among the events", async () => {
    const { clock, watch, events } = setUp();
    const first = events.next();
    watch.push("7");
    expect((await first).value).toMatchObject({ type: "MODIFIED" });
    const second = events.next();
    clock.fire(60_000);
    expect((await second).value).toEqual({ type: "BOOKMARK", resourceVersion: "7" });
    const third = events.next();
    watch.push("8");
    expect((await third).value).toMatchObject({ type: "MODIFIED" });
    const fourth = events.next();
    clock.fire(60_000);
    expect((await fourth).value).toEqual({ type: "BOOKMARK", resourceVersion: "8" });
    await events.return(undefined);
  });

  it("ends at the timeout with a last bookmark, and leaves no timer", async () => {
    const { clock, watch, events } = setUp();
    const first = events.next();
    clock.fire(TIMEOUT_MS);
    expect((await first).value).toEqual({ type: "BOOKMARK", resourceVersion: "0" });
    expect(await events.next()).toEqual({ done: true, value: undefined });
    expect(watch.isClosed()).toBe(true);
    expect(clock.pending()).toBe(0);
  });

  it("ends without a word when it is aborted, before or during", async () => {
    const { abort, clock, watch, events } = setUp();
    const first = events.next();
    abort.abort();
    expect((await first).done).toBe(true);
    expect([watch.isClosed(), clock.pending()]).toEqual([true, 0]);
    const late = withBookmarks(createWatch(), { clock, signal: abort.signal, timeoutMs: TIMEOUT_MS });
    expect((await late.next()).done).toBe(true);
  });

  it("closes the watch when its reader leaves", async () => {
    const { clock, watch, events } = setUp();
    const first = events.next();
    watch.push("1");
    await first;
    await events.return(undefined);
    expect([watch.isClosed(), clock.pending()]).toEqual([true, 0]);
  });
});
