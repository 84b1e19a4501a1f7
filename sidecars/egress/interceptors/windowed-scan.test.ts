import { describe, expect, it } from "vitest";
import { createDetector } from "../../detection/index.ts";
import { systemClock } from "../../shared/clock.ts";
import { compileRoutes } from "../../wire/compile-egress.ts";
import type { Exchange } from "../exchange.ts";
import { Times } from "../times.ts";
import { RefusedUnderWayError } from "../upstream/refused-under-way.ts";
import { scannedInWindows } from "./windowed-scan.ts";

const SECRET = "sk-ant-api03-" + "Zq8vN2xWmT4kL9pRyB7c";
const [route] = compileRoutes({ routes: [{ host: "a.example" }] });
const CHUNK = 128 * 1024;

/** What leaves of a body, and whether it was cut off. */
async function passed(body: string): Promise<{ text: string; isRefused: boolean }> {
  const exchange = {
    enforcement: { detector: createDetector({ knownValues: [] }) },
    head: { host: "a.example" },
    route,
    requestBytes: 0,
    times: new Times(systemClock),
  } as unknown as Exchange;
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < body.length; at += CHUNK) yield Buffer.from(body.slice(at, at + CHUNK));
  }
  let text = "";
  try {
    for await (const piece of scannedInWindows(exchange, chunks())) text += Buffer.from(piece).toString();
  } catch (error) {
    expect(error).toBeInstanceOf(RefusedUnderWayError);
    return { text, isRefused: true };
  }
  return { text, isRefused: false };
}

const filler = (bytes: number): string =>
  "plain words of a log\n".repeat(bytes / 21 + 1).slice(0, bytes - 1) + "\n";

describe("a body that is scanned in windows", () => {
  it("leaves byte for byte when there is nothing in it", async () => {
    for (const bytes of [1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7]) {
      expect(await passed(filler(bytes))).toEqual({ text: filler(bytes), isRefused: false });
    }
  });

  it.each([
    { how: "as it is", hidden: SECRET },
    { how: "in base64", hidden: Buffer.from(`token: ${SECRET}`).toString("base64") },
    {
      how: "in the middle of a long text in base64",
      hidden: Buffer.from(filler(30_000) + SECRET).toString("base64"),
    },
  ])("never lets out a part of a secret that stands $how across chunks", async ({ hidden }) => {
    for (const chunks of [1, 2, 3]) {
      for (const before of [1, hidden.length >> 1, hidden.length - 1]) {
        const at = chunks * CHUNK - before;
        const { text, isRefused } = await passed(`${filler(at)}${hidden}\n${filler(3 * CHUNK)}`);
        expect(isRefused).toBe(true);
        expect(text.length).toBeLessThanOrEqual(at);
      }
    }
  });
});
