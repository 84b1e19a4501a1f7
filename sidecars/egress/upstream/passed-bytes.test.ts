import { afterEach, expect, it } from "vitest";
import { countPassed, expectPassing } from "./passed-bytes.ts";

const MB = 1024 * 1024;
const RECORD = 16 * 1024;

/** The most that buffers took while 100 MB of them were made and dropped, beyond what they took before. */
function mostHeldBytes(each: (length: number) => void): number {
  const { arrayBuffers } = process.memoryUsage();
  let most = 0;
  for (let left = 100 * MB; left > 0; left -= RECORD) {
    each(Buffer.allocUnsafeSlow(RECORD).length);
    most = Math.max(most, process.memoryUsage().arrayBuffers - arrayBuffers);
  }
  return most;
}

afterEach(() => expectPassing(0));

it("has the buffers of what passed collected long before V8 would", () => {
  expect(mostHeldBytes(countPassed)).toBeLessThan(16 * MB);
});

it("waits longer while many exchanges hold some, within bounds", () => {
  expectPassing(32);
  expect(mostHeldBytes(countPassed)).toBeGreaterThan(12 * MB);
  expectPassing(100_000);
  expect(mostHeldBytes(countPassed)).toBeLessThan(64 * MB);
});
