import { once } from "node:events";
import type { Server } from "node:net";
import { setImmediate } from "node:timers/promises";
import { createAuditLog } from "../egress/audit-log.ts";
import { systemClock } from "../shared/clock.ts";
import { EgressProxy } from "../egress/egress-proxy.ts";
import { createDnsServer } from "../egress/dns/dns-server.ts";
import { NameAnswers } from "../egress/dns/name-answers.ts";
import { systemResolve } from "../egress/upstream/resolve.ts";
import { createTrust } from "../egress/upstream/connector.ts";
import { MAX_LINE_BYTES } from "../wire/control.ts";
import { Control } from "./control.ts";
import { ANSWERS, assertPrivateChannel, GATE_ASKS, readerOf, REQUESTS, writerOf } from "./descriptors.ts";
import { GateClient } from "./git-gate/gate-client.ts";
import { createGateFront } from "./git-gate/gate-front.ts";
import { createHeldPort } from "./held-port.ts";
import { LineReader } from "../shared/line-reader.ts";
import { Sidecars } from "./sidecars.ts";
import { freshSocket, SOCKETS } from "./sockets.ts";

/**
 * The bundle of the sidecars: denies everything until the controller says on the
 * control channel what to enforce. Arguments: the folders of the link's sockets
 * and of git-gate's.
 */

/** answers that may wait for a controller that does not read */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const AUDIT_BUDGET = { burst: 20_000, perSecond: 1_000 };
const EXIT_WRONG_ENTRY_POINT = 70;

const [folder = "/run/bb", gateFolder = "/run/git-gate"] = process.argv.slice(2);
// sockets are for the airlock, which has the same uid, and nobody else
process.umask(0o177);
refuseWrongEntryPoint();

const audit = createAuditLog({ sink: writerOf(2), clock: systemClock, budget: AUDIT_BUDGET });
process.on("uncaughtException", (error) => crash(error));
const proxy = new EgressProxy({
  audit,
  world: { resolve: systemResolve, overrides: new Map(), trust: createTrust(undefined), clock: systemClock },
  onProbe: (nonce) => sidecars.noteProbe(nonce),
});
const gateAsks = writerOf(GATE_ASKS);
const gate = new GateClient({
  folder: gateFolder,
  ask: (word) => void gateAsks.write(`${word}\n`),
  audit,
  clock: systemClock,
});
const sidecars: Sidecars = new Sidecars({ proxy: () => proxy, gate, audit });
const names = new NameAnswers({ audit, clock: systemClock, enforcement: () => proxy.enforcement });

const servers = [
  { name: SOCKETS.gitGate, server: createGateFront(gate) },
  { name: SOCKETS.supervise, server: createHeldPort("supervise") },
  { name: SOCKETS.dns, server: createDnsServer((message) => names.answer(message)) },
];
void serve();

/** What fails here is thrown as an uncaught exception. Not awaited at the top: the program is bundled as CommonJS. */
async function serve(): Promise<void> {
  await proxy.listen({ path: freshSocket(folder, SOCKETS.egress) });
  await proxy.listen({ path: freshSocket(folder, SOCKETS.egressTls) }, "tls");
  await proxy.listen({ path: freshSocket(folder, SOCKETS.egressHttp) }, "http");
  for (const { name, server } of servers) await listen(server, freshSocket(folder, name));
  serveControlChannel(new Control(sidecars));
  process.on("SIGTERM", () => void stop());
  process.on("SIGINT", () => void stop());
  audit.write({
    gate: "bundle",
    verdict: "info",
    code: "Started",
    because: "everything is denied until a policy comes",
  });
}

function refuseWrongEntryPoint(): void {
  try {
    assertPrivateChannel();
  } catch (error) {
    process.stderr.write(`sidecars: ${(error as Error).message}\n`);
    process.exit(EXIT_WRONG_ENTRY_POINT);
  }
}

function serveControlChannel(control: Control): void {
  const lines = new LineReader(MAX_LINE_BYTES);
  const answers = writerOf(ANSWERS);
  // whoever attaches next gets a fresh stream from the engine; what fails here ends nothing
  answers.on("error", () => undefined);
  const requests = readerOf(REQUESTS);
  requests.on("error", () => undefined);
  requests.on("data", (chunk: Buffer) => {
    for (const line of lines.push(chunk)) {
      const answer = control.answer(line);
      if (answer === undefined || answers.writableLength > MAX_WAITING_BYTES) continue;
      answers.write(`${JSON.stringify(answer)}\n`);
    }
  });
}

async function listen(server: Server, path: string): Promise<void> {
  server.listen({ path });
  await once(server, "listening");
}

async function stop(): Promise<void> {
  for (const { server } of servers) server.close();
  await proxy.close();
  // what was recorded last is written at the end of this turn
  await setImmediate();
  process.exit(0);
}

/** An error that nobody expected leaves an unknown state: end, and let the controller start anew. */
function crash(error: Error): void {
  proxy.enforce(undefined);
  // its message may quote a request; where it happened does not
  const where = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at "));
  const because = `${error.name} ${where?.trim() ?? ""}`;
  audit.write({ gate: "bundle", verdict: "error", code: "Crashed", because });
  systemClock.after(100, () => process.exit(1));
}
