import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Bottle } from "../../crds/bottle.ts";
import { SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import type { ExecRequest, ExecSession, SandboxExec } from "../../reconcilers/contract/sandbox-exec.ts";
import type { ResourceStore } from "../store/index.ts";
import type { Exchange, ResourceExchange } from "./exchange.ts";
import { type PodContainer, podContainerOf } from "./pod-container.ts";
import { badRequest, forbidden, pathNotFound } from "./status-error.ts";
import { SUBPROTOCOLS } from "./terminal-frames.ts";
import { runTerminalSession } from "./terminal-session.ts";

const MAX_MESSAGE_BYTES = 1024 * 1024;

/** What a terminal is made of. */
export interface PodTerminalOptions {
  readonly store: ResourceStore;
  readonly exec: SandboxExec;
  /** what `attach` starts: the provider's argv */
  readonly attachArgv: (bottle: Bottle) => readonly string[];
}

/** Serves `pods/NAME/exec` and `pods/NAME/attach` over WebSocket. */
export interface PodTerminal {
  /** takes the connection over; throws StatusError before anything was sent */
  upgrade(request: IncomingMessage, exchange: ResourceExchange, socket: Duplex, head: Buffer): void;
}

/** Terminals in the agents of the bottles of a store. */
export function createPodTerminal(options: PodTerminalOptions): PodTerminal {
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    // A compressed terminal would tell lengths, and costs memory for each connection.
    perMessageDeflate: false,
    handleProtocols: (offered) => SUBPROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  });
  return {
    upgrade(request, exchange, socket, head) {
      const container = podContainerOf(exchange, options.store);
      const command = commandOf(exchange, container, options);
      checkProtocol(exchange);
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        void runTerminalSession(webSocket, () => start(options.exec, container, command, exchange.signal));
      });
    },
  };
}

function commandOf(
  { path, query }: ResourceExchange,
  { bottle, role }: PodContainer,
  options: PodTerminalOptions,
): ExecRequest {
  if (path.subresource !== "exec" && path.subresource !== "attach") throw pathNotFound();
  if (role !== "agent") {
    throw forbidden(
      `container ${role} guards the agent and holds its credentials: commands run in the agent only`,
    );
  }
  const argv = path.subresource === "exec" ? query.getAll("command") : options.attachArgv(bottle);
  if (argv.length === 0) throw badRequest("you must specify at least 1 command for the container");
  return { argv, tty: query.get("tty") === "true", stdin: query.get("stdin") === "true" };
}

function checkProtocol({ headers }: Exchange): void {
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
  const isWebSocket = headers.upgrade?.toLowerCase() === "websocket";
  if (isWebSocket && offered.some((each) => SUBPROTOCOLS.includes(each))) return;
  throw badRequest(
    `this server speaks WebSocket with ${SUBPROTOCOLS.join(" or ")} only: use kubectl 1.31 or newer, or bb exec`,
  );
}

async function start(
  exec: SandboxExec,
  { bottle, role, sandbox }: PodContainer,
  command: ExecRequest,
  signal: AbortSignal,
): Promise<ExecSession> {
  try {
    return await exec.exec(sandbox, command, signal);
  } catch (error) {
    if (!(error instanceof SandboxNotFoundError)) throw error;
    const ready = bottle.status?.conditions?.find(({ type }) => type === "Ready");
    const because = ready === undefined ? "not observed yet" : `${ready.reason}: ${ready.message}`;
    throw badRequest(`container ${role} of ${bottle.metadata.name} does not run (${because})`);
  }
}
