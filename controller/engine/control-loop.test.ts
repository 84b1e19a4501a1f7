import { describe, expect, it } from "vitest";
import type { Pass, Reconciler, Request } from "../../reconcilers/contract/reconciler.ts";
import type { Result } from "../../reconcilers/contract/result.ts";
import { aLogger, ManualClock } from "../../tests/integration/store-kit.ts";
import { sleep, systemClock } from "./clock.ts";
import { MOST_PROGRESS, PASS_DEADLINE_MS, runControlLoop } from "./control-loop.ts";
import { WorkQueue } from "./work-queue.ts";

/** A loop over a reconciler that is given as a function; `stop` ends it and waits for it. */
function aLoop(
  reconcile: (request: Request, pass: Pass, number: number) => Promise<Result> | Result,
  workers = 2,
) {
  const clock = new ManualClock();
  const queue = new WorkQueue(clock, () => 1_000);
  const { logger, lines } = aLogger();
  const passes: Pass[] = [];
  const reconciler: Reconciler = {
    name: "test",
    reconcile: async (request, pass) => await reconcile(request, pass, passes.push(pass)),
  };
  const stop = new AbortController();
  const ended = runControlLoop({ reconciler, queue, clock, logger, workers }, stop.signal);
  const stopped = async () => {
    stop.abort();
    await ended;
  };
  return { clock, queue, lines, passes, stop, ended, stopped };
}
const settled: Result = { kind: "settled" };

describe("runControlLoop", () => {
  it("gives a pass its request, an id of its own and the time", async () => {
    const requests: Request[] = [];
    const loop = aLoop((request) => {
      requests.push(request);
      return settled;
    });
    loop.queue.add("team/a");
    loop.queue.add("team/b");
    await expect
      .poll(() => requests)
      .toEqual([
        { namespace: "team", name: "a" },
        { namespace: "team", name: "b" },
      ]);
    expect(loop.passes[0]?.now).toEqual(loop.clock.now());
    expect(new Set(loop.passes.map(({ id }) => id)).size).toBe(2);
    expect(loop.clock.pending).toBe(0);
    await loop.stopped();
  });

  it("waits as long as a pass asks", async () => {
    const loop = aLoop((_, __, number) =>
      number === 1 ? { kind: "wait", afterMs: 5_000, reason: "r" } : settled,
    );
    loop.queue.add("n/a");
    await expect.poll(() => loop.clock.pending).toBe(1);
    loop.clock.advance(4_999);
    expect(loop.passes).toHaveLength(1);
    loop.clock.advance(1);
    await expect.poll(() => loop.passes.length).toBe(2);
    await loop.stopped();
  });

  it("goes on at once after progress", async () => {
    const loop = aLoop((_, __, number) =>
      number < 5 ? { kind: "wait", afterMs: 0, reason: "progress" } : settled,
    );
    loop.queue.add("n/a");
    await expect.poll(() => loop.passes.length).toBe(5);
    await loop.stopped();
  });

  it("takes progress without end for a failure", async () => {
    const loop = aLoop(() => ({ kind: "wait", afterMs: 0, reason: "progress" }));
    loop.queue.add("n/a");
    await expect.poll(() => loop.passes.length).toBe(MOST_PROGRESS + 1);
    await expect.poll(() => loop.lines("pass failed")).toHaveLength(1);
    expect(loop.clock.pending).toBe(1);
    await loop.stopped();
  });

  it.each(["throws", "rejects", "says so"])(
    "tries again after a pause when a pass %s, and logs it once",
    async (how) => {
      const loop = aLoop((_, __, number) => {
        if (number > 1) return settled;
        const error = new Error("broken");
        if (how === "throws") throw error;
        return how === "rejects" ? Promise.reject(error) : { kind: "retry", error };
      });
      loop.queue.add("n/a");
      await expect.poll(() => loop.lines("pass failed")).toHaveLength(1);
      expect(loop.lines("pass failed")).toMatchObject([
        {
          key: "n/a",
          reconciler: "test",
          pass: loop.passes[0]?.id,
          err: { message: "broken" },
          afterMs: 1_000,
        },
      ]);
      loop.clock.advance(1_000);
      await expect.poll(() => loop.passes.length).toBe(2);
      await loop.stopped();
    },
  );

  it("leaves what stalled alone until something changes", async () => {
    const loop = aLoop(() => ({ kind: "stalled", reason: "ClassMissing", error: new Error("no class") }));
    loop.queue.add("n/a");
    await expect.poll(() => loop.lines("pass stalled")).toMatchObject([{ reason: "ClassMissing" }]);
    expect(loop.clock.pending).toBe(0);
    loop.queue.add("n/a");
    await expect.poll(() => loop.passes.length).toBe(2);
    await loop.stopped();
  });

  it("runs as many passes at a time as it has workers, and one a key", async () => {
    const running = new Map<string, number>();
    let most = 0;
    let mostOfOne = 0;
    const loop = aLoop(async ({ name }) => {
      running.set(name, (running.get(name) ?? 0) + 1);
      most = Math.max(most, [...running.values()].filter(Boolean).length);
      mostOfOne = Math.max(mostOfOne, running.get(name) ?? 0);
      await new Promise((resolve) => setImmediate(resolve));
      running.set(name, (running.get(name) ?? 0) - 1);
      return settled;
    }, 3);
    for (let round = 0; round < 20; round += 1) {
      for (const name of ["a", "b", "c", "d", "e"]) loop.queue.add(`n/${name}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => loop.passes.length).toBeGreaterThan(20);
    expect({ most, mostOfOne }).toEqual({ most: 3, mostOfOne: 1 });
    await loop.stopped();
  });

  it("aborts a pass at its deadline and tries again", async () => {
    const loop = aLoop((_, { signal }, number) =>
      number > 1
        ? settled
        : new Promise((_resolve, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason as Error)),
          ),
    );
    loop.queue.add("n/a");
    await expect.poll(() => loop.passes.length).toBe(1);
    loop.clock.advance(PASS_DEADLINE_MS);
    await expect
      .poll(() => loop.lines("pass failed"))
      .toMatchObject([{ err: { message: "the pass took longer than 60 s" } }]);
    loop.clock.advance(1_000);
    await expect.poll(() => loop.passes.length).toBe(2);
    await loop.stopped();
  });

  it("aborts a pass in flight on shutdown and waits until it has ended", async () => {
    let cleanedUp = false;
    const loop = aLoop(async (_, { signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await sleep(systemClock, 50, new AbortController().signal);
      cleanedUp = true;
      throw new Error("aborted");
    });
    loop.queue.add("n/a");
    await expect.poll(() => loop.passes.length).toBe(1);
    loop.queue.add("n/b");
    await loop.stopped();
    expect(cleanedUp).toBe(true);
    expect(loop.lines("pass failed")).toEqual([]);
  });

  it("does not begin when it is stopped before", async () => {
    const queue = new WorkQueue(new ManualClock(), () => 1);
    queue.add("n/a");
    const reconciler: Reconciler = {
      name: "test",
      reconcile: () => Promise.reject(new Error("must not run")),
    };
    const { logger, lines } = aLogger();
    const options = { reconciler, queue, clock: new ManualClock(), logger, workers: 1 };
    await runControlLoop(options, AbortSignal.abort());
    expect(lines()).toEqual([]);
  });
});
