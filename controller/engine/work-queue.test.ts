import { describe, expect, it } from "vitest";
import { ManualClock } from "../../tests/integration/store-kit.ts";
import { exponentialBackoff } from "./backoff.ts";
import { WorkQueue } from "./work-queue.ts";

function aQueue() {
  const clock = new ManualClock();
  const queue = new WorkQueue(clock, (failures) => 100 * 2 ** (failures - 1));
  const taken: string[] = [];
  /** a worker that never ends a pass by itself */
  const takeOne = () =>
    void queue.take().then((key) => {
      if (key !== undefined) taken.push(key);
    });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, queue, taken, takeOne, settle };
}

describe("WorkQueue", () => {
  it("holds a key once, in the order of the first adds", async () => {
    const { queue } = aQueue();
    for (const key of ["a", "b", "a", "c", "b"]) queue.add(key);
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(["a", "b", "c"]);
  });

  it("hands a key that is added during its pass out once more, after it", async () => {
    const { queue, taken, takeOne, settle } = aQueue();
    queue.add("a");
    await queue.take();
    queue.add("a");
    queue.add("a");
    takeOne();
    await settle();
    expect(taken).toEqual([]);
    queue.done("a");
    await settle();
    expect(taken).toEqual(["a"]);
    queue.done("a");
    takeOne();
    await settle();
    expect(taken).toEqual(["a"]);
  });

  it("does not lose a delayed add that was set before a plain one", async () => {
    const { clock, queue } = aQueue();
    queue.addAfter("a", 1_000);
    queue.add("a");
    expect(await queue.take()).toBe("a");
    queue.done("a");
    clock.advance(1_000);
    expect(await queue.take()).toBe("a");
  });

  it("keeps a delayed add that fires during the pass of its key", async () => {
    const { clock, queue } = aQueue();
    queue.add("a");
    await queue.take();
    queue.addAfter("a", 1_000);
    clock.advance(1_000);
    queue.done("a");
    expect(await queue.take()).toBe("a");
  });

  it.each([
    [5_000, 1_000],
    [1_000, 5_000],
  ])("serves the earlier of two delayed adds, once (%i, %i)", async (first, second) => {
    const { clock, queue, taken, takeOne, settle } = aQueue();
    queue.addAfter("a", first);
    queue.addAfter("a", second);
    takeOne();
    clock.advance(1_000);
    await settle();
    expect(taken).toEqual(["a"]);
    expect(clock.pending).toBe(0);
  });

  it("adds at once what is to be added after nothing", async () => {
    const { queue } = aQueue();
    queue.addAfter("a", 0);
    expect(await queue.take()).toBe("a");
  });

  it("waits longer with each failure in a row, and forgets them when told", () => {
    const { clock, queue } = aQueue();
    expect([1, 2, 3].map(() => queue.addAfterFailure("a"))).toEqual([100, 200, 400]);
    expect(queue.addAfterFailure("b")).toBe(100);
    queue.forgetFailures("a");
    expect(queue.addAfterFailure("a")).toBe(100);
    expect(clock.pending).toBe(2);
  });

  it("ends its takers when it is closed, and takes nothing more", async () => {
    const { clock, queue } = aQueue();
    queue.addAfter("later", 1_000);
    const waiting = queue.take();
    queue.close();
    queue.add("a");
    expect(await waiting).toBeUndefined();
    expect(await queue.take()).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it("takes 200,000 keys in well under a second or two", async () => {
    const { queue } = aQueue();
    const startedAt = performance.now();
    for (let index = 0; index < 100_000; index += 1) queue.add(`key-${index}`);
    for (let index = 0; index < 100_000; index += 1) queue.add(`key-${index}`);
    for (let index = 0; index < 100_000; index += 1) queue.done((await queue.take()) ?? "");
    // a search through the waiting keys at each add would take minutes
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe("exponentialBackoff", () => {
  it("doubles up to its most and takes a random part off", () => {
    const backoff = (random: number) =>
      exponentialBackoff({ firstMs: 100, mostMs: 1_000, random: () => random });
    expect([1, 2, 3, 4, 5, 60].map(backoff(0))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect([1, 2, 3, 4, 5, 2_000].map(backoff(0.5))).toEqual([75, 150, 300, 600, 750, 750]);
  });
});
