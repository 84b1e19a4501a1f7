import { describe, expect, it, onTestFinished } from "vitest";
import type { Bottle } from "../../crds/bottle.ts";
import { bottles } from "../../crds/resources.ts";
import { ApiUnavailableError, ExpiredError } from "../../reconcilers/contract/errors.ts";
import type {
  ObjectList,
  ResourceClient,
  WatchEvent,
  WatchOptions,
} from "../../reconcilers/contract/resource-client.ts";
import { aLogger, ManualClock } from "../../tests/integration/store-kit.ts";
import { runSource } from "./source.ts";

const aBottle = (name: string, uid: string, resourceVersion: string): Bottle => ({
  apiVersion: "bot-bottle.dev/v1alpha1",
  kind: "Bottle",
  metadata: { namespace: "n", name, uid, resourceVersion, creationTimestamp: "2026-06-01T12:00:00Z" },
});

type Page = ObjectList<Bottle> | Error;
/** Events, then an error, an end, or silence until the watch is aborted. */
type Stream = readonly (WatchEvent<Bottle> | Error | "silence")[];

/** A source on an API whose answers are given in order; after the last one watches are silent. */
function aSource(script: { lists: Page[]; watches?: Stream[] }, onChange: (what: string) => void = () => {}) {
  const clock = new ManualClock();
  const { logger, lines } = aLogger();
  const calls: string[] = [];
  const heard: string[] = [];
  const tell = (what: string): void => {
    heard.push(what);
    onChange(what);
  };
  const watches = [...(script.watches ?? [])];
  const lists = [...script.lists];
  const client = {
    async list(_: unknown, options: { continue?: string }) {
      calls.push(`list${options.continue === undefined ? "" : ` ${options.continue}`}`);
      const page = lists.length > 1 ? lists.shift() : lists[0];
      if (page instanceof Error) throw page;
      return page;
    },
    async *watch(_: unknown, options: WatchOptions, signal: AbortSignal) {
      calls.push(`watch ${options.resourceVersion}`);
      for (const next of watches.shift() ?? ["silence"]) {
        if (next instanceof Error) throw next;
        if (next !== "silence") yield next;
        else
          await new Promise((_resolve, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason as Error)),
          );
      }
    },
  } as unknown as ResourceClient;
  const stop = new AbortController();
  const handler = {
    changed: ({ metadata }: Bottle) =>
      tell(`changed ${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`),
    gone: ({ name, uid }: { name: string; uid: string }) => tell(`gone ${name} ${uid}`),
  };
  let synced = 0;
  const options = {
    client,
    of: bottles,
    handler,
    clock,
    random: () => 0,
    logger,
    onSynced: () => (synced += 1),
  };
  const ended = runSource(options, stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  return { clock, calls, heard, lines, stop, ended, synced: () => synced };
}

const list = (resourceVersion: string, ...items: Bottle[]): ObjectList<Bottle> => ({
  items,
  resourceVersion,
});
const MINUTE = 60_000;

describe("runSource", () => {
  it("reads all pages, then watches from where the list ended", async () => {
    const { heard, calls, synced } = aSource({
      lists: [{ ...list("5", aBottle("a", "1", "3")), continue: "token" }, list("5", aBottle("b", "2", "4"))],
      watches: [[{ type: "ADDED", object: aBottle("c", "3", "6") }, "silence"]],
    });
    await expect.poll(() => heard).toEqual(["changed a 1 3", "changed b 2 4", "changed c 3 6"]);
    expect(calls).toEqual(["list", "list token", "watch 5"]);
    expect(synced()).toBe(1);
  });

  it("goes on from the last event or bookmark when a watch ends, and tells nothing twice", async () => {
    const { heard, calls } = aSource({
      lists: [list("5", aBottle("a", "1", "3"))],
      watches: [
        [{ type: "MODIFIED", object: aBottle("a", "1", "7") }],
        [{ type: "BOOKMARK", resourceVersion: "12" }],
        [
          { type: "MODIFIED", object: aBottle("a", "1", "7") },
          { type: "DELETED", object: aBottle("a", "1", "13") },
        ],
      ],
    });
    await expect.poll(() => calls).toEqual(["list", "watch 5", "watch 7", "watch 12", "watch 13"]);
    expect(heard).toEqual(["changed a 1 3", "changed a 1 7", "gone a 1"]);
  });

  it("tries a list again after a growing pause", async () => {
    const down = new ApiUnavailableError("500");
    const { clock, calls, lines, heard } = aSource({
      lists: [down, down, list("5", aBottle("a", "1", "3"))],
    });
    const waited = [];
    for (const ms of [500, 1_000]) {
      await expect.poll(() => clock.pending).toBe(1);
      clock.advance(ms - 1);
      waited.push(calls.length);
      clock.advance(1);
    }
    await expect.poll(() => heard).toEqual(["changed a 1 3"]);
    expect(waited).toEqual([1, 2]);
    expect(lines("cannot follow changes, trying again")).toMatchObject([
      { afterMs: 500 },
      { afterMs: 1_000 },
    ]);
  });

  it("goes on with the watch, and not with a list, after a broken stream", async () => {
    const { clock, calls, heard } = aSource({
      lists: [list("5")],
      watches: [[{ type: "ADDED", object: aBottle("a", "1", "6") }, new ApiUnavailableError("reset")]],
    });
    await expect.poll(() => heard).toEqual(["changed a 1 6"]);
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(500);
    await expect.poll(() => calls).toEqual(["list", "watch 5", "watch 6"]);
  });

  it("lists again at once when history has expired, and says what is new, changed, gone and recreated", async () => {
    const { calls, heard } = aSource({
      lists: [
        list(
          "5",
          aBottle("same", "1", "1"),
          aBottle("changes", "2", "2"),
          aBottle("goes", "3", "3"),
          aBottle("recreated", "4", "4"),
        ),
        list(
          "9",
          aBottle("same", "1", "1"),
          aBottle("changes", "2", "8"),
          aBottle("recreated", "44", "7"),
          aBottle("new", "5", "6"),
        ),
      ],
      watches: [[new ExpiredError("410")]],
    });
    await expect.poll(() => calls).toEqual(["list", "watch 5", "list", "watch 9"]);
    expect(heard.slice(4)).toEqual([
      "gone goes 3",
      "changed changes 2 8",
      "gone recreated 4",
      "changed recreated 44 7",
      "changed new 5 6",
    ]);
  });

  it("pauses when history expires again and again", async () => {
    const { clock, calls } = aSource({
      lists: [list("5")],
      watches: [[new ExpiredError("410")], [new ExpiredError("410")]],
    });
    await expect.poll(() => clock.pending).toBe(1);
    expect(calls).toEqual(["list", "watch 5", "list", "watch 5"]);
    clock.advance(1_000);
    await expect.poll(() => calls.length).toBe(6);
  });

  it("tells of an object that was recreated under its name between two events", async () => {
    const { heard } = aSource({
      lists: [list("5", aBottle("a", "1", "3"))],
      watches: [
        [
          { type: "MODIFIED", object: aBottle("a", "2", "9") },
          { type: "DELETED", object: aBottle("a", "1", "8") },
          "silence",
        ],
      ],
    });
    await expect.poll(() => heard).toEqual(["changed a 1 3", "gone a 1", "changed a 2 9"]);
  });

  it("is not disturbed by a handler that throws", async () => {
    const throwing = () => {
      throw new Error("bad handler");
    };
    const { heard, lines } = aSource(
      {
        lists: [list("5", aBottle("a", "1", "3"), aBottle("b", "2", "4"))],
        watches: [[{ type: "DELETED", object: aBottle("a", "1", "6") }, "silence"]],
      },
      throwing,
    );
    await expect.poll(() => heard).toEqual(["changed a 1 3", "changed b 2 4", "gone a 1"]);
    expect(lines("a handler of changes failed")).toHaveLength(3);
  });

  it("takes a watch that the server ends at once for a failure", async () => {
    const { clock, calls } = aSource({ lists: [list("5")], watches: [[], []] });
    await expect.poll(() => clock.pending).toBe(1);
    expect(calls).toEqual(["list", "watch 5"]);
    clock.advance(500);
    await expect.poll(() => clock.pending).toBe(1);
    expect(calls).toEqual(["list", "watch 5", "watch 5"]);
  });

  it("gives up on a watch that says nothing beyond its time", async () => {
    const { clock, calls } = aSource({ lists: [list("5")] });
    await expect.poll(() => calls).toEqual(["list", "watch 5"]);
    clock.advance(5 * MINUTE + 30_000);
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(500);
    await expect.poll(() => calls).toEqual(["list", "watch 5", "watch 5"]);
  });

  it("lists anew after half an hour, whatever the watches said", async () => {
    const { clock, calls } = aSource({ lists: [list("5"), list("50")], watches: [["silence"]] });
    await expect.poll(() => calls).toEqual(["list", "watch 5"]);
    clock.advance(30 * MINUTE);
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(1_000);
    await expect.poll(() => calls).toEqual(["list", "watch 5", "list", "watch 50"]);
  });

  it("ends when it is stopped, in a watch and in a pause", async () => {
    const watching = aSource({ lists: [list("5")] });
    await expect.poll(() => watching.calls).toHaveLength(2);
    watching.stop.abort();
    await expect(watching.ended).resolves.toBeUndefined();
    const pausing = aSource({ lists: [new ApiUnavailableError("down")] });
    await expect.poll(() => pausing.clock.pending).toBe(1);
    pausing.stop.abort();
    await expect(pausing.ended).resolves.toBeUndefined();
    expect(pausing.clock.pending).toBe(0);
  });
});
