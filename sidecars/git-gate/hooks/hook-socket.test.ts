import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { HookSocket } from "./hook-socket.ts";
import type { HookCall } from "./hook-wire.ts";

let folder: string;
let hooks: HookSocket;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "hooks-"));
  hooks = new HookSocket(join(folder, "hook.sock"));
  await hooks.listen();
});
afterEach(async () => {
  await hooks.close();
  rmSync(folder, { recursive: true });
});

const aCall = (nonce: string): HookCall => ({
  nonce,
  hook: "pre-receive",
  commands: [],
  pushOptions: [],
  quarantine: {},
});

it("outlives a hook that is killed while words for it are on the way", async () => {
  const asked = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const expected = hooks.expect(async (_call, say) => {
    say("x".repeat(64 * 1024));
    asked.resolve();
    await gone.promise;
    say("nobody hears this");
    return { accept: true, refused: {} };
  });
  const killed = connect(hooks.path);
  killed.pause();
  killed.write(`${JSON.stringify(aCall(expected.nonce))}\n`);
  await asked.promise;
  killed.destroy();
  await once(killed, "close");
  gone.resolve();

  const next = connect(hooks.path).setEncoding("utf8");
  next.write(`${JSON.stringify(aCall("unknown"))}\n`);
  next.resume();
  await once(next, "close");
  expect(next.errored).toBeNull();
});

it("closes on a call without an end that is too long", async () => {
  const endless = connect(hooks.path);
  endless.on("error", () => undefined).resume();
  const closed = new Promise((done) => endless.once("close", done));
  const write = (): void => {
    while (!endless.destroyed && endless.write("y".repeat(1024 * 1024)));
  };
  endless.on("drain", write);
  write();
  await closed;
  expect(endless.bytesWritten).toBeGreaterThan(16 * 1024 * 1024);
});
