import { Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { AuditRecord } from "../wire/audit.ts";
import { type AuditEntry, createAuditLog } from "./audit-log.ts";
import { type Clock, systemClock } from "../shared/clock.ts";

const allowed: AuditEntry = { verdict: "allow", code: "Allowed", because: "route x allows it" };
const denied: AuditEntry = { verdict: "deny", code: "HostNotAllowed", because: "no route" };

function aSink(options: { readonly isStuck?: boolean } = {}): { sink: Writable; records: AuditRecord[] } {
  const records: AuditRecord[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      records.push(AuditRecord.parse(JSON.parse(chunk.toString())));
      if (options.isStuck !== true) done();
    },
  });
  return { sink, records };
}

function aClock(): Clock & { elapsed: number } {
  const clock = {
    elapsed: 0,
    now: () => new Date(0),
    elapsedMs: () => clock.elapsed,
    after: () => () => undefined,
  };
  return clock;
}

describe("createAuditLog", () => {
  it("numbers records without gaps and marks them with one run", async () => {
    const { sink, records } = aSink();
    const log = createAuditLog({ sink, clock: aClock() });
    log.write(allowed);
    log.write({ ...denied, gate: "bundle" });
    await setImmediate();
    expect(records).toMatchObject([
      { sequence: 1, gate: "egress", time: "1970-01-01T00:00:00.000Z" },
      { sequence: 2, gate: "bundle" },
    ]);
    expect(records[0]?.run).toBe(records[1]?.run);
  });

  it("writes what is recorded in one turn of the event loop as one", async () => {
    const written: string[] = [];
    const sink = new Writable({
      writev(chunks, done) {
        written.push(chunks.map(({ chunk }) => String(chunk)).join(""));
        done();
      },
    });
    const log = createAuditLog({ sink, clock: aClock() });
    for (const turn of [1, 2]) {
      log.write(allowed);
      log.write(denied);
      await setImmediate();
      expect(written.length).toBe(turn);
    }
    expect(written.join("").trimEnd().split("\n")).toHaveLength(4);
  });

  it("has no room while nobody takes up what was written", () => {
    const { sink } = aSink({ isStuck: true });
    const log = createAuditLog({ sink, clock: aClock() });
    log.write(allowed);
    expect(log.hasRoom()).toBe(true);
    for (let n = 0; n < 10_000 && log.hasRoom(); n += 1) log.write(allowed);
    expect(log.hasRoom()).toBe(false);
    const waiting = sink.writableLength;
    log.write(denied);
    expect(sink.writableLength).toBe(waiting);
  });

  it("has no room when the budget is spent, and says afterwards how many denials it left out", async () => {
    const { sink, records } = aSink();
    const clock = aClock();
    const log = createAuditLog({ sink, clock, budget: { burst: 2, perSecond: 1 } });
    log.write(denied);
    log.write(denied);
    expect(log.hasRoom()).toBe(false);
    log.write(denied);
    log.write(denied);
    await setImmediate();
    expect(records).toHaveLength(2);
    clock.elapsed = 2_000;
    expect(log.hasRoom()).toBe(true);
    log.write(denied);
    await setImmediate();
    expect(records.map(({ code }) => code)).toEqual([
      "HostNotAllowed",
      "HostNotAllowed",
      "DenialsNotRecorded",
      "HostNotAllowed",
    ]);
    expect(records[2]?.because).toMatch(/^2 denials/);
  });

  it("records what was let through even when the budget was spent meanwhile", async () => {
    const { sink, records } = aSink();
    const log = createAuditLog({ sink, clock: aClock(), budget: { burst: 1, perSecond: 0 } });
    log.write(denied);
    log.write(allowed);
    await setImmediate();
    expect(records).toHaveLength(2);
  });

  it("has no room any more once writing failed", async () => {
    const sink = new Writable({ write: (_chunk, _encoding, done) => done(new Error("disk full")) });
    const log = createAuditLog({ sink, clock: aClock() });
    log.write(allowed);
    await setImmediate();
    expect(log.hasRoom()).toBe(false);
  });

  it("has no room while its records are not kept, and has again when they are", () => {
    const log = createAuditLog({ sink: aSink().sink, clock: systemClock });
    log.setKept(false);
    expect(log.hasRoom()).toBe(false);
    log.setKept(true);
    expect(log.hasRoom()).toBe(true);
  });
});
