import type { ServerResponse } from "node:http";
import { FLUSH, pktLine } from "./pkt-line.ts";
import { plainText } from "../plain-text.ts";
import type { GateRequest } from "./request-line.ts";

/** Answers with a status and words, which git shows as the remote's; nothing when an answer is under way. */
export function answerText(response: ServerResponse, status: number, because: string): void {
  if (response.headersSent) return void response.destroy();
  const closes = { connection: "close" };
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...closes });
  response.end(`git-gate: ${plainText(because)}\n`);
}

const NO_LFS =
  "git-gate: Git LFS does not go through the gate, which cannot scan its uploads: set lfs.url to the LFS server " +
  "and ask the owner of the bottle for an egress route to it (docs/git.md)";

/** Answers a client of Git LFS in the form whose words it shows. */
export function answerLfs(response: ServerResponse): void {
  response.writeHead(403, { "content-type": "application/vnd.git-lfs+json", connection: "close" });
  response.end(`${JSON.stringify({ message: NO_LFS })}\n`);
}

/** Answers in git's own protocol, so that the client ends with `fatal: remote error: …`. */
export function answerError(
  response: ServerResponse,
  asked: Extract<GateRequest, { kind: "advertise" | "call" }>,
  message: string,
): void {
  if (response.writableEnded) return;
  if (response.headersSent) return void response.destroy();
  const isAdvertisement = asked.kind === "advertise";
  const type = `application/x-${asked.service}-${isAdvertisement ? "advertisement" : "result"}`;
  response.writeHead(200, { "content-type": type, "cache-control": "no-cache", connection: "close" });
  const announced = isAdvertisement ? [pktLine(`# service=${asked.service}\n`), FLUSH] : [];
  response.end(Buffer.concat([...announced, pktLine(`ERR ${plainText(message)}`)]));
}

/** Answers a call to upload-pack. Resolves when the answer has gone out, or nobody takes it. */
export function answerResult(response: ServerResponse, answer: Buffer): Promise<void> {
  const type = "application/x-git-upload-pack-result";
  response.writeHead(200, { "content-type": type, "cache-control": "no-cache" });
  return new Promise((done) => {
    response.once("close", done);
    response.end(answer, done);
  });
}
