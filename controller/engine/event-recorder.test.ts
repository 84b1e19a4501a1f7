import { describe, expect, it } from "vitest";
import { events } from "../../crds/core.ts";
import { bottles } from "../../crds/resources.ts";
import { aDraft, aLogger, aStore, ManualClock, ref } from "../../tests/integration/store-kit.ts";
import { createInProcessClient } from "../store/index.ts";
import { createEventRecorder, MOST_PER_OBJECT, REPEAT_MS } from "./event-recorder.ts";

function aRecorder() {
  const clock = new ManualClock();
  const store = aStore(clock);
  const { logger, lines } = aLogger();
  const recorder = createEventRecorder({ client: createInProcessClient(store, clock), clock, logger });
  const bottle = store.create(bottles, aDraft("hello"));
  const record = (message: string, type: "Normal" | "Warning" = "Normal") =>
    recorder.record(bottle, { type, reason: "Started", message });
  return { clock, store, recorder, record, bottle, lines, list: () => store.list(events, {}).items };
}

describe("createEventRecorder", () => {
  it("writes an Event that kubectl finds by its object", async () => {
    const { store, recorder, record, bottle } = aRecorder();
    record("the agent runs");
    await recorder.flush();
    const selector = `involvedObject.name=hello,involvedObject.namespace=default,involvedObject.kind=Bottle,involvedObject.uid=${bottle.metadata.uid}`;
    expect(store.list(events, { namespace: "default", fieldSelector: selector }).items).toMatchObject([
      {
        involvedObject: { apiVersion: "bot-bottle.dev/v1alpha1" },
        type: "Normal",
        reason: "Started",
        message: "the agent runs",
        count: 1,
        firstTimestamp: "2026-06-01T12:00:00Z",
        lastTimestamp: "2026-06-01T12:00:00Z",
        source: { component: "bot-bottle" },
      },
    ]);
  });

  it("counts repeats on one Event, those that come in a burst as well", async () => {
    const { clock, recorder, record, list } = aRecorder();
    for (let times = 0; times < 10; times += 1) record("again");
    await recorder.flush();
    clock.advance(60_000);
    record("again");
    await recorder.flush();
    expect(list()).toMatchObject([
      { count: 11, firstTimestamp: "2026-06-01T12:00:00Z", lastTimestamp: "2026-06-01T12:01:00Z" },
    ]);
  });

  it("tells apart what differs in type, message or time", async () => {
    const { clock, recorder, record, list } = aRecorder();
    record("one");
    record("two");
    record("one", "Warning");
    clock.advance(REPEAT_MS + 1);
    record("one");
    await recorder.flush();
    expect(list()).toHaveLength(4);
  });

  it("limits the different Events of one object", async () => {
    const { clock, recorder, record, list } = aRecorder();
    for (let index = 0; index < MOST_PER_OBJECT + 20; index += 1) record(`denied host-${index}`);
    await recorder.flush();
    expect(list()).toHaveLength(MOST_PER_OBJECT);
    clock.advance(REPEAT_MS + 1);
    record("later");
    await recorder.flush();
    expect(list()).toHaveLength(MOST_PER_OBJECT + 1);
  });

  it("writes a new Event when somebody removed the old one", async () => {
    const { store, recorder, record, list } = aRecorder();
    record("again");
    await recorder.flush();
    store.delete(events, ref(list()[0]?.metadata.name ?? ""), {});
    record("again");
    await recorder.flush();
    expect(list()).toMatchObject([{ count: 2 }]);
  });

  it("logs what it cannot write and throws nothing", async () => {
    const { store, recorder, record, lines } = aRecorder();
    store.close();
    record("lost");
    await recorder.flush();
    expect(lines("an Event was not written")).toMatchObject([{ key: "default/hello", reason: "Started" }]);
  });
});
