import { describe, expect, it } from "vitest";
import { createDetector } from "./index.ts";

const detector = createDetector({ knownValues: [] });
const find = async (bytes: Buffer): Promise<string> => (await detector.inspectBody({ bytes })).kind;
/** of any length, so that the byte of it is a digit, a capital or a small letter */
const aKey = (length: number): string =>
  `sk-${"nACQFoPUaHPEW92YZiiRGf3rSVh7BJnGyKshbZ9H3BQLZb3e".repeat(4).slice(3, length)}`;

describe("a key behind the byte of its length", () => {
  it.each([48, 57, 65, 90, 95, 97, 122])("is found when it has %i characters", async (length) => {
    const key = Buffer.from(aKey(length));
    const counted = Buffer.concat([Buffer.of(length), key]);
    const asField = Buffer.concat([Buffer.of(0x0a), counted, Buffer.of(0x12, 2), Buffer.from("ok")]);
    const inGrpc = Buffer.concat([Buffer.of(0, 0, 0, 0), counted]);
    const after = Buffer.concat([
      Buffer.from("a text before it"),
      Buffer.of(0x12),
      counted,
      Buffer.from("and more"),
    ]);
    for (const bytes of [counted, asField, inGrpc, after]) expect(await find(bytes)).toBe("found");
  });

  it("is told from a word of a text that ends like its beginning", async () => {
    const word = `disk-${aKey(99).slice(3)}`;
    for (const text of [word, `on ${word} and more of it`, `\ndisk-${word}`])
      expect(await find(Buffer.from(text))).toBe("clean");
  });
});
