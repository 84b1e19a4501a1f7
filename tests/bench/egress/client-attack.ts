import { attacks, guardedAttacks } from "./attack-bodies.ts";
import { answerOf } from "./requests.ts";
import { openTls, type Target } from "./tunnel.ts";

/** Sends one of the attacks some times. Argument: JSON of AttackRun. Prints one line of JSON: the statuses. */
export interface AttackRun extends Target {
  readonly what: string;
  readonly times: number;
}

const run = JSON.parse(process.argv[2] ?? "{}") as AttackRun;
const { path = "/", headers, body } = [...attacks, ...guardedAttacks].find(({ what }) => what === run.what)!;
const head = [
  `POST ${path} HTTP/1.1`,
  `Host: ${run.host}:${run.port}`,
  `Content-Length: ${body.length}`,
  ...headers,
];
const request = Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
const statuses: number[] = [];
for (let sent = 0; sent < run.times; sent += 1) {
  const socket = await openTls(run);
  statuses.push((await answerOf(socket, request)).status);
  socket.destroy();
}
process.stdout.write(`${JSON.stringify(statuses)}\n`);
