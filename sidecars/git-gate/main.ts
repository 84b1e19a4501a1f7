import { chmodSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../shared/clock.ts";
import { BundleChannel } from "./channel/bundle-channel.ts";
import { GateSession } from "./channel/gate-session.ts";
import { GitGate } from "./git-gate.ts";
import { createInspectPush } from "./judge/inspect-push.ts";

/**
 * git-gate's own process in the sidecars: serves nothing until the bundle says what, and ends with it. Arguments: the
 * folder of its sockets, the folder of its mirrors, the program of the hooks, and where programs are found.
 */

const [
  runFolder = "/run/git-gate",
  mirrorsFolder = "/var/lib/git-gate",
  hookProgram = "/opt/bot-bottle/git-gate-hook.cjs",
  path = "/usr/sbin:/usr/bin:/sbin:/bin",
] = process.argv.slice(2);

const MIB = 1024 * 1024;
const LIMITS = {
  listTimeoutMs: 30_000,
  fetchTimeoutMs: 30 * 60_000,
  pushTimeoutMs: 10 * 60_000,
  idleMs: 60_000,
  patienceMs: 90_000,
  maxMirrorBytes: 10 * 1024 * MIB,
  requestTimeoutMs: 45 * 60_000,
};

process.umask(0o077);
void run();

/** What fails here ends the process, and the bundle starts another. */
async function run(): Promise<void> {
  // a killed one leaves its own behind
  for (const name of readdirSync(runFolder)) rmSync(join(runFolder, name), { recursive: true, force: true });
  const channel = await BundleChannel.accept(join(runFolder, "control.sock"));
  process.on("uncaughtException", (error) => crash(channel, error));
  const send = channel.send.bind(channel);
  const session = new GateSession({ send, path, clock: systemClock });
  const ended = channel.serve((request) => session.configure(request));
  const socket = join(runFolder, "http.sock");
  const gate = await GitGate.start(
    {
      ...{ mirrorsFolder, runFolder, hookProgram, path, limits: LIMITS, clock: systemClock },
      inspectPush: createInspectPush({ knownValues: () => session.knownValues(), path }),
      onEvent: (event) => session.note(event),
    },
    socket,
  );
  // the bundle is in this process's group
  chmodSync(socket, 0o660);
  session.serve(gate);
  await ended;
  await gate.close();
  process.exit(0);
}

/** An error that nobody expected leaves an unknown state: tell, and end. */
function crash(channel: BundleChannel, error: Error): void {
  // its message may quote a request; where it happened does not
  const where = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at "));
  const because = `${error.name} ${where?.trim() ?? ""}`;
  channel.send({ kind: "audit", record: { gate: "git", verdict: "error", code: "GateCrashed", because } });
  systemClock.after(100, () => process.exit(1));
}
