import { expect, it } from "vitest";
import { baseEnvironment } from "./environment.ts";
import { runChild } from "./child.ts";

it("says of a child that the system does not start that it did not start", async () => {
  const environment = baseEnvironment(process.env["PATH"] ?? "");
  const run = { environment, cwd: "/", timeoutMs: 5000, signal: new AbortController().signal };
  const tooLong = ["true", ...Array.from({ length: 40 }, () => "a".repeat(100_000))] as const;

  expect(await runChild({ ...run, argv: ["true", ...tooLong] })).toMatchObject({ ended: "not started" });
  expect(await runChild({ ...run, argv: ["no-such-program"] })).toMatchObject({ ended: "not started" });
  expect(await runChild({ ...run, argv: ["true"] })).toMatchObject({ ok: true });
});
