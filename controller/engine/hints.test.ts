import { describe, expect, it } from "vitest";
import { aLogger, ManualClock } from "../../tests/integration/store-kit.ts";
import { followHints } from "./hints.ts";

describe("followHints", () => {
  it("passes hints on, and follows again after a pause when the stream breaks or ends", async () => {
    const clock = new ManualClock();
    const { logger, lines } = aLogger();
    const stop = new AbortController();
    const heard: string[] = [];
    let opened = 0;
    async function* hints(signal: AbortSignal) {
      opened += 1;
      yield { ownerUid: `uid-${opened}` };
      if (opened === 1) throw new Error("engine restarts");
      if (opened === 2) return;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    }
    const following = followHints(
      {
        hints,
        onHint: (uid) => heard.push(uid),
        onGap: () => heard.push("gap"),
        clock,
        random: () => 0,
        logger,
      },
      stop.signal,
    );
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(500);
    await expect.poll(() => heard).toEqual(["uid-1", "gap", "uid-2"]);
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(500);
    await expect.poll(() => heard).toEqual(["uid-1", "gap", "uid-2", "gap", "uid-3"]);
    expect(lines("hints of the runtime ended, following them again")).toHaveLength(2);
    stop.abort();
    await expect(following).resolves.toBeUndefined();
  });
});
