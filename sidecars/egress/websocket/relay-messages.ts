import type { AuditLog } from "../audit-log.ts";
import type { Exchange, Outcome, Step } from "../exchange.ts";
import { HeldBytes } from "../held-bytes.ts";
import type { UpstreamWorld } from "../upstream/connector.ts";
import { acceptAgent } from "./accept-agent.ts";
import { connectUpstream } from "./connect-upstream.ts";
import { Conversation } from "./conversation.ts";
import { frameInspection } from "./inspect-frame.ts";

/** of all messages that wait at one moment */
const MOST_HELD_BYTES = 128 * 1024 * 1024;
const LONGEST_PATH = 512;

/**
 * The end of the pipeline for a handshake: `ws` terminates both sides, so each
 * negotiates its own compression, and every message of the agent is looked at
 * whole. The agent is answered once the upstream has accepted.
 */
export function messageRelay({ audit, world }: { audit: AuditLog; world: UpstreamWorld }): Step {
  const held = new HeldBytes(MOST_HELD_BYTES);
  const inspectionOf = frameInspection();
  return async (exchange): Promise<Outcome> => {
    const { upgrade } = exchange.agent;
    if (upgrade === undefined) throw new Error("the request is no handshake");
    const upstream = await connectUpstream(exchange, world);
    if (upstream.kind === "ended") return upstream.outcome;
    const agent = await acceptAgent(exchange, upgrade, upstream);
    if (agent.kind === "ended") {
      upstream.socket.terminate();
      return agent.outcome;
    }
    recordOpening(exchange, audit);
    const inspect = inspectionOf(exchange);
    const parts = { exchange, inspect, held, clock: world.clock };
    return new Conversation({ ...parts, agent: agent.socket, upstream: upstream.socket }).ended;
  };
}

/** It may stay open for days: what is under way must be seen before it ends. */
function recordOpening({ head, route }: Exchange, audit: AuditLog): void {
  const { method, host, port, path } = head;
  audit.write({
    verdict: "info",
    code: "WebSocketOpened",
    because: "the upstream has accepted; another record follows when it closes",
    ...{ method, host, port, path: path.slice(0, LONGEST_PATH), status: 101 },
    ...(route === undefined ? {} : { route: route.name }),
  });
}
