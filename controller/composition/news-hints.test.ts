import { describe, expect, it } from "vitest";
import { ManualClock } from "../../tests/integration/store-kit.ts";
import { NewsHints } from "./news-hints.ts";

async function* runtimeHints(signal: AbortSignal, breaks = false): AsyncGenerator<{ ownerUid: string }> {
  yield { ownerUid: "of the runtime" };
  if (breaks) throw new Error("engine restarts");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

describe("NewsHints", () => {
  it("pass on the runtime's hints and pushes, of one bottle once in a while and its last one", async () => {
    const clock = new ManualClock();
    const pushes = new NewsHints(clock);
    const stop = new AbortController();
    const heard: string[] = [];
    const following = (async () => {
      for await (const { ownerUid } of pushes.beside(runtimeHints(stop.signal), stop.signal))
        heard.push(ownerUid);
    })();
    await expect.poll(() => heard).toEqual(["of the runtime"]);
    for (const uid of ["a", "a", "b"]) pushes.tell(uid);
    await expect.poll(() => heard.slice(1)).toEqual(["a", "b"]);
    clock.advance(1000);
    await expect.poll(() => heard.slice(3)).toEqual(["a"]);
    clock.advance(1000);
    expect(clock.pending).toBe(0);
    stop.abort();
    await expect(following).resolves.toBeUndefined();
  });

  it("break when the runtime's do, and are there again afterwards", async () => {
    const pushes = new NewsHints(new ManualClock());
    const { signal } = new AbortController();
    const hints = pushes.beside(runtimeHints(signal, true), signal);
    await hints.next();
    await expect(hints.next()).rejects.toThrow("engine restarts");
    const again = pushes.beside(runtimeHints(signal), signal);
    expect(await again.next()).toMatchObject({ value: { ownerUid: "of the runtime" } });
    pushes.tell("a");
    expect(await again.next()).toMatchObject({ value: { ownerUid: "a" } });
    await again.return(undefined);
  });
});
