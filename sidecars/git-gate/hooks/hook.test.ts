import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runHook } from "./hook.ts";
import { type AnswerHook, HookSocket } from "./hook-socket.ts";
import { HOOK_NONCE, HOOK_SOCKET } from "./hook-wire.ts";
import { writeHooks } from "./hooks-folder.ts";
import { FLUSH, pktLine } from "../http/pkt-line.ts";

const [FROM, TO] = ["0".repeat(40), "1".repeat(40)];
const COMMAND = `${FROM} ${TO} refs/heads/main`;
const PRE_RECEIVE = Buffer.from(`${COMMAND}\n`);
const PROC_RECEIVE = Buffer.concat([
  pktLine("version=1\0push-options atomic"),
  FLUSH,
  pktLine(COMMAND),
  FLUSH,
  pktLine("word"),
  FLUSH,
]);

let folder: string;
let socket: HookSocket;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bb-hook-"));
  writeHooks(join(folder, "hooks"), join(import.meta.dirname, "hook.ts"));
  socket = new HookSocket(join(folder, "s"));
  await socket.listen();
});
afterEach(async () => {
  await socket.close();
  rmSync(folder, { recursive: true });
});

/** Runs a hook as git does. */
function run(
  name: string,
  input: Buffer,
  nonce: string,
  path = socket.path,
): Promise<[number | null, string]> {
  const env = { [HOOK_SOCKET]: path, [HOOK_NONCE]: nonce, GIT_QUARANTINE_PATH: "/q", SECRET: "s" };
  const child = spawn(join(folder, "hooks", name), [], { env, timeout: 10_000 });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.end(input);
  return new Promise((done) => child.on("close", (code) => done([code, said])));
}

const accepts: AnswerHook = () => Promise.resolve({ accept: true, refused: {} });

describe("a hook", () => {
  it("does what the gate says, and passes its words on", async () => {
    const { nonce } = socket.expect((call, say) => {
      say(`${call.hook} ${call.commands.join()} ${JSON.stringify(call.quarantine)}`);
      return accepts(call, say);
    });
    const words = `pre-receive ${COMMAND} {"GIT_QUARANTINE_PATH":"/q"}\n`;
    expect(await run("pre-receive", PRE_RECEIVE, nonce)).toEqual([0, words]);
  });

  it("tells git of each ref what upstream said of it", async () => {
    const ours = socket.expect(accepts);
    expect((await run("proc-receive", PROC_RECEIVE, ours.nonce))[1]).toMatch(/ok refs\/heads\/main0000$/);
    const theirs = socket.expect(() =>
      Promise.resolve({ accept: true, refused: { "refs/heads/main": "locked" } }),
    );
    expect((await run("proc-receive", PROC_RECEIVE, theirs.nonce))[1]).toMatch(
      /ng refs\/heads\/main locked0000$/,
    );
  });

  it.each(["another", ""])("refuses a push of which the gate does not know the nonce: %j", async (nonce) => {
    socket.expect(accepts);
    expect((await run("pre-receive", PRE_RECEIVE, nonce))[0]).toBe(1);
    expect((await run("proc-receive", PROC_RECEIVE, nonce))[1]).toContain("ng refs/heads/main");
  });

  it("refuses once the push was forgotten, and when the gate cannot judge", async () => {
    const forgotten = socket.expect(accepts);
    forgotten.forget();
    expect((await run("pre-receive", PRE_RECEIVE, forgotten.nonce))[0]).toBe(1);
    const broken = socket.expect(() => Promise.reject(new Error("a secret")));
    expect(await run("pre-receive", PRE_RECEIVE, broken.nonce)).toEqual([
      1,
      "git-gate: the push could not be judged\n",
    ]);
  });

  it("refuses where no gate is", async () => {
    const [code, said] = await run("pre-receive", PRE_RECEIVE, "n", join(folder, "nothing"));
    expect(code).toBe(1);
    expect(said).toContain("git-gate: the gate cannot be reached");
  });

  it("of another name refuses", async () => {
    expect(await runHook("update", {})).toBe(1);
  });
});
