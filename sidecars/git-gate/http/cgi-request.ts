import type { IncomingMessage } from "node:http";
import type { GateRequest } from "./request-line.ts";

type Asked = Extract<GateRequest, { kind: "advertise" | "call" }>;

/** The version of git's protocol that a client speaks, where it says one that there is. */
export function protocolOf(request: IncomingMessage): string | undefined {
  const protocol = request.headers["git-protocol"];
  return typeof protocol === "string" && /^version=[0-2]$/.test(protocol) ? protocol : undefined;
}

/** The request as a CGI program gets it: built from what was understood, not from what came. */
export function cgiVariables(asked: Asked, protocol: string | undefined): Readonly<Record<string, string>> {
  return {
    ...targetOf(asked),
    GIT_HTTP_EXPORT_ALL: "1",
    REMOTE_USER: "agent",
    REMOTE_ADDR: "agent",
    ...(protocol === undefined ? {} : { GIT_PROTOCOL: protocol }),
  };
}

function targetOf({ kind, name, service }: Asked): Readonly<Record<string, string>> {
  if (kind === "advertise") {
    const PATH_INFO = `/${name}.git/info/refs`;
    return { REQUEST_METHOD: "GET", PATH_INFO, QUERY_STRING: `service=${service}` };
  }
  const CONTENT_TYPE = `application/x-${service}-request`;
  return { REQUEST_METHOD: "POST", PATH_INFO: `/${name}.git/${service}`, QUERY_STRING: "", CONTENT_TYPE };
}
