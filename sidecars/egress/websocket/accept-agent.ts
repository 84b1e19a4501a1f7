import type { WebSocket } from "ws";
import type { Upgrade } from "../agent/agent-stream.ts";
import { deny, type Exchange, routeOf } from "../exchange.ts";
import type { Connected } from "./connect-upstream.ts";
import { deflate } from "./deflate.ts";

/** Answers the agent's handshake with what the upstream answered; the WebSocket is paused. */
export async function acceptAgent(
  exchange: Exchange,
  upgrade: Upgrade,
  upstream: Extract<Connected, { kind: "connected" }>,
): Promise<Connected> {
  const { WebSocketServer } = await import("ws");
  const { request, socket, head } = upgrade;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    autoPong: false,
    perMessageDeflate: deflate(request.headers["sec-websocket-extensions"]),
    maxPayload: routeOf(exchange).maxBodyBytes,
    handleProtocols: () => (upstream.socket.protocol === "" ? false : upstream.socket.protocol),
  });
  let accepted: WebSocket | undefined;
  server.on("headers", (lines) => {
    exchange.answer.start(101, upstream.fields);
    const fields = upgrade.switchProtocols();
    for (let index = 0; index < fields.length; index += 2) {
      // of the handshake itself: the lines have them already
      if (!/^sec-websocket-/i.test(fields[index]!)) lines.push(`${fields[index]}: ${fields[index + 1]}`);
    }
  });
  // with this listener, what `ws` cannot accept is ours to answer
  server.on("wsClientError", () => undefined);
  server.handleUpgrade(request, socket, head, (open) => {
    open.pause();
    accepted = open;
  });
  if (accepted !== undefined) return { kind: "connected", socket: accepted, fields: upstream.fields };
  const because = "the handshake of WebSocket asks for what cannot be understood";
  return {
    kind: "ended",
    outcome: socket.destroyed ? { kind: "abandoned" } : deny({ code: "WebSocketRefused", because }),
  };
}
