import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../shared/clock.ts";
import type { AgentStream, Answer } from "./agent/agent-stream.ts";
import { type Asked, type Denial, DENIED_HEADER, denialBody, FAILED_HEADER, statusOf } from "./denial.ts";
import { failureStatus, type UpstreamFailure } from "./upstream/failure.ts";

/** how long a refused body may go on coming before its connection is cut */
const DRAIN_MS = 5_000;

/** Answers a request with a refusal. */
export function answerDenial(agent: AgentStream, denial: Denial, asked?: Asked): void {
  send(agent, {
    status: statusOf(denial.code),
    headers: denialHeaders(denial),
    body: denialBody(denial, asked),
  });
}

function denialHeaders({ code, retryAfterSeconds, challenge }: Denial): string[] {
  return [
    ...[DENIED_HEADER, code],
    ...(retryAfterSeconds === undefined ? [] : ["retry-after", `${retryAfterSeconds}`]),
    ...(challenge === undefined ? [] : ["www-authenticate", challenge]),
  ];
}

/** Answers a request whose upstream failed. */
export function answerFailure(
  agent: AgentStream,
  { failure, because }: { readonly failure: UpstreamFailure; readonly because: string },
): void {
  const body = `${JSON.stringify({ error: "the upstream failed", code: failure, because })}\n`;
  send(agent, { status: failureStatus(failure), headers: [FAILED_HEADER, failure], body });
}

/** Cuts off a request that was answered and goes on sending. */
export function cutOffWhenEndless(agent: AgentStream, clock: Clock): void {
  if (agent.isComplete) return;
  const cancel = clock.after(DRAIN_MS, () => agent.cut());
  agent.body.once("end", cancel);
  agent.body.once("close", cancel);
}

/** A refusal as bytes, for a connection that has no request: a tunnel, or what is not HTTP. Closes it. */
export function refuseSocket(socket: Socket, denial: Denial): void {
  if (!socket.writable) return;
  const status = statusOf(denial.code);
  const body = denialBody(denial);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `${DENIED_HEADER}: ${denial.code}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function send(
  agent: AgentStream,
  reply: { readonly status: number; readonly headers: readonly string[]; readonly body: string },
): void {
  const answer: Answer = agent.answer;
  const bytes = Buffer.from(reply.body);
  answer.start(reply.status, [
    ...reply.headers,
    "content-type",
    "application/json",
    "content-length",
    `${bytes.length}`,
    // a client that waits for 100 Continue may send its body all the same, or not: nobody can tell
    ...(agent.expects ? ["connection", "close"] : []),
  ]);
  // HEAD has no body
  if (agent.method !== "HEAD") answer.write(bytes);
  answer.end();
}
