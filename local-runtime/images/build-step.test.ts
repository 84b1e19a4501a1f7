import { expect, it } from "vitest";
import { stepIn } from "./build-step.ts";

it.each([
  ["Step 2/4 : COPY node/ /", "Step 2/4 : COPY node/ /"],
  ["I: Retrieving git 1:2.47\r", "I: Retrieving git 1:2.47"],
  [" ---> Running in 4f1a", undefined],
  ["---> 47d01c9ac816", undefined],
  ["Removing intermediate container 4f1a", undefined],
  ["Successfully built 4f1a", undefined],
  ["  ", undefined],
  ["x".repeat(200), `${"x".repeat(119)}…`],
])("of %j is %j", (line, step) => {
  expect(stepIn(line)).toBe(step);
});
