import { describe, expect, it } from "vitest";
import { createDetector } from "../../detection/index.ts";
import { systemClock } from "../../shared/clock.ts";
import type { Exchange } from "../exchange.ts";
import { Times } from "../times.ts";
import { trailersPassedOn } from "../upstream/answer-fields.ts";
import { trailers } from "./trailers.ts";

const MANY = Array.from({ length: 40 }, (_, n) => [`x-${n}`, "v".repeat(1_700)]).flat();

describe("trailers of more than 64 KiB", () => {
  it("of a request refuse it", async () => {
    const exchange = {
      fields: { hasBody: true },
      body: Buffer.from("held"),
      agent: { trailers: MANY },
      enforcement: { detector: createDetector({ knownValues: [] }) },
      times: new Times(systemClock),
    };
    const outcome = await trailers()(() => Promise.reject(new Error("sent")))(
      exchange as unknown as Exchange,
    );
    expect(outcome).toMatchObject({ kind: "denied", denial: { code: "HeadTooLarge" } });
  });

  it("of an answer are not passed on", () => {
    expect(trailersPassedOn(MANY.slice(0, 60))).toHaveLength(60);
    expect(() => trailersPassedOn(MANY)).toThrow();
  });
});
