import type { ClientRequest, IncomingMessage } from "node:http";
import type { ClientOptions, WebSocket } from "ws";
import type { Answer } from "../agent/agent-stream.ts";
import { deny, type Exchange, type Outcome, routeOf } from "../exchange.ts";
import { groupedByName } from "../request/fields.ts";
import { hostHeaderOf } from "../request/read-head.ts";
import { hasUnknownTransferCoding, passedOn } from "../upstream/answer-fields.ts";
import { connectorOf, createDial, type UpstreamWorld } from "../upstream/connector.ts";
import { AddressNotAllowedError } from "../upstream/destination.ts";
import { failureOf, failureSentence, type UpstreamFailure } from "../upstream/failure.ts";
import { deflate } from "./deflate.ts";
import { protocolsOf } from "./handshake.ts";

/** node cannot pass on what is less */
const LEAST_STATUS = 200;
const HANDSHAKE_MS = 30_000;
/** of one message; those of models are far smaller */
const MOST_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Either a WebSocket to the upstream, paused, with the fields of its 101; or how the exchange ended without one. */
export type Connected =
  | { readonly kind: "connected"; readonly socket: WebSocket; readonly fields: readonly string[] }
  | { readonly kind: "ended"; readonly outcome: Outcome };

/**
 * Opens a WebSocket to the upstream over a connection of its own, which is
 * resolved, checked and pinned as any other. An answer that is no 101 goes to
 * the agent as it comes.
 */
export async function connectUpstream(exchange: Exchange, world: UpstreamWorld): Promise<Connected> {
  const { WebSocket } = await import("ws");
  const { agent, revoked } = exchange;
  return new Promise((resolve) => {
    const { protocols, headers } = handshakeOf(exchange);
    const socket = new WebSocket("ws://upstream/", protocols, {
      ...optionsOf(exchange, world),
      // a list is a field that comes several times
      headers: headers as Record<string, never>,
    });
    let stopped: Outcome | undefined;
    const stop = (outcome: Outcome): void => {
      stopped ??= outcome;
      socket.terminate();
    };
    const onGone = (): void => stop({ kind: "abandoned" });
    const settle = (connected: Connected): void => {
      agent.forgetGone(onGone);
      resolve(connected);
    };
    revoked.onRevoke(() => stop(policyChanged()));
    agent.onGone(onGone);
    let fields: readonly string[] = [];
    socket.on("upgrade", (response) => {
      exchange.times.answered();
      fields = passedOn(response.rawHeaders);
    });
    socket.once("open", () => {
      socket.pause();
      settle({ kind: "connected", socket, fields });
    });
    socket.once("unexpected-response", (request, response) => {
      if ((response.statusCode ?? 0) < LEAST_STATUS) {
        request.destroy();
        return settle({ kind: "ended", outcome: failed("UpstreamProtocolError") });
      }
      void passOn(exchange, request, response).then((outcome) => settle({ kind: "ended", outcome }));
    });
    // stays: an error that comes later is told to who asks for it, and ends nothing here
    socket.on("error", (error) => settle({ kind: "ended", outcome: stopped ?? outcomeOf(error) }));
  });
}

/** What ends a connection that the policy no longer allows. */
export function policyChanged(): Outcome {
  return deny({ code: "PolicyChanged", because: "the policy no longer allows this request" });
}

/** How an exchange ends when the upstream fails. */
export function failed(failure: UpstreamFailure): Outcome {
  return { kind: "failed", failure, because: failureSentence(failure) };
}

/** The handshake as it will be sent, but for what is made anew for each hop. */
function handshakeOf(exchange: Exchange): {
  readonly protocols: string[];
  readonly headers: Record<string, string[]>;
} {
  const { head, headers } = exchange;
  const fields = groupedByName(["host", hostHeaderOf(head), ...headers]);
  const { ["sec-websocket-protocol"]: asked, ...rest } = fields;
  return { protocols: protocolsOf(asked?.join(", ")) ?? [], headers: rest };
}

/** The connection goes to the address that was checked, and the request has the path that was decided on. */
function optionsOf(exchange: Exchange, world: UpstreamWorld): ClientOptions {
  const { scheme, host, port, path } = exchange.head;
  const connect = connectorOf(createDial({ scheme, host, port, route: routeOf(exchange) }, world));
  const createConnection = (_options: unknown, done: Parameters<typeof connect>[1]): void =>
    connect({ hostname: host, protocol: `${scheme}:`, port: `${port}` }, done);
  return {
    // node gives the callback, of which the types say nothing
    createConnection: createConnection as unknown as NonNullable<ClientOptions["createConnection"]>,
    finishRequest(request) {
      request.path = path + exchange.query;
      request.end();
    },
    perMessageDeflate: deflate(exchange.agent.upgrade?.request.headers["sec-websocket-extensions"]),
    maxPayload: MOST_MESSAGE_BYTES,
    handshakeTimeout: HANDSHAKE_MS,
    followRedirects: false,
    autoPong: false,
  };
}

/** An answer that is no 101: the agent gets it as it is. */
async function passOn(
  exchange: Exchange,
  request: ClientRequest,
  response: IncomingMessage,
): Promise<Outcome> {
  exchange.times.answered();
  const { answer, agent } = exchange;
  const status = response.statusCode ?? 502;
  let responseBytes = 0;
  if (hasUnknownTransferCoding(response.rawHeaders)) {
    request.destroy();
    return failed("UpstreamProtocolError");
  }
  const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
  agent.onGone(() => {
    request.destroy();
    leave();
  });
  try {
    answer.start(status, passedOn(response.rawHeaders), response.statusMessage ?? "");
    for await (const chunk of response as AsyncIterable<Buffer>) {
      responseBytes += chunk.length;
      if (!answer.write(chunk)) await Promise.race([gone, drained(answer)]);
    }
    answer.end();
    return { kind: "relayed", status, responseBytes };
  } catch (error) {
    request.destroy();
    // half an answer must not look like a whole one
    answer.abort();
    return agent.isGone ? { kind: "abandoned" } : failed(failureOf(error));
  }
}

const drained = (answer: Answer): Promise<void> => new Promise((resolve) => answer.onDrain(resolve));

function outcomeOf(error: Error): Outcome {
  if (error instanceof AddressNotAllowedError) {
    return deny({ code: "AddressNotAllowed", because: "the host leads to an address that is not allowed" });
  }
  const failure = failureOf(error);
  if (failure !== "UpstreamFailed" || "code" in error) return failed(failure);
  // what `ws` says of a handshake has no code
  return failed(error.message.includes("timed out") ? "UpstreamTimeout" : "UpstreamProtocolError");
}
