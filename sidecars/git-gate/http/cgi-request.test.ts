import type { IncomingMessage } from "node:http";
import { expect, it } from "vitest";
import { protocolOf } from "./cgi-request.ts";

it.each([
  ["version=2", "version=2"],
  ["version=0", "version=0"],
  ["version=3", undefined],
  ["version=2:upload-pack=x", undefined],
  ["version=2\nGIT_DIR=/", undefined],
  [" version=2", undefined],
  [undefined, undefined],
])("git hears of the protocol %j as %j: what is no version goes into no environment", (said, passed) => {
  expect(protocolOf({ headers: { "git-protocol": said } } as unknown as IncomingMessage)).toBe(passed);
});
