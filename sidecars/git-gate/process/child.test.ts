import { expect, it } from "vitest";
import { runChild } from "./child.ts";

const PIECES = ["Receiving:  50%\\r", "Receiving: 100%\\r\\n", "Permission denied.\\r", "\\nfatal: no\\n"];

it("tells progress, and keeps every line that ends, as ssh ends them too", async () => {
  const told: string[] = [];
  const script = PIECES.map((piece) => `printf '%b' '${piece}' >&2; sleep 0.05`).join("; ");
  const end = await runChild({
    argv: ["sh", "-c", script],
    environment: { PATH: "/usr/bin:/bin" },
    cwd: "/",
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    onProgress: (line) => told.push(line),
  });
  expect(told).toEqual(["Receiving:  50%"]);
  expect(end.stderr).toBe("Receiving: 100%\nPermission denied.\nfatal: no\n");
});
