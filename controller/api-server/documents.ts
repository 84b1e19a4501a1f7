import { Readable } from "node:stream";
import type { Answer } from "./answer.ts";
import {
  aggregatedDiscovery,
  aggregatedMediaType,
  aggregatedVersionOf,
  legacyGroup,
  legacyGroupList,
  legacyVersions,
  resourceList,
} from "./discovery.ts";
import type { Exchange } from "./exchange.ts";
import { emptyOpenApiV2 } from "./openapi-v2.ts";
import { openApiDocument, openApiIndex } from "./openapi.ts";
import type { Registry } from "./registry.ts";
import { versionDocument } from "./version.ts";

interface About {
  readonly registry: Registry;
  readonly version: string;
  /** absent: there are none */
  readonly metrics: (() => string) | undefined;
}

const OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** What is answered about the server itself; undefined for a path that has no document. */
export function rootDocument(exchange: Exchange, about: About): Answer | undefined {
  const { pathname } = exchange;
  if (pathname === "/metrics" && about.metrics !== undefined)
    return { kind: "text", code: 200, body: about.metrics(), mediaType: OPEN_METRICS };
  if (["/healthz", "/livez", "/readyz"].includes(pathname)) return { kind: "text", code: 200, body: "ok" };
  if (pathname === "/api" || pathname === "/apis") return discovery(exchange, about.registry);
  if (pathname === "/openapi/v2") return openApiV2(about.version);
  const body = documentAt(pathname.replace(/\/$/, ""), about);
  return body === undefined ? undefined : { kind: "document", code: 200, body };
}

function openApiV2(version: string): Answer {
  const { mediaType, body } = emptyOpenApiV2(version);
  return { kind: "stream", mediaType, chunks: Readable.from([body]) };
}

function discovery({ pathname, headers }: Exchange, registry: Registry): Answer {
  const version = aggregatedVersionOf(headers.accept ?? "");
  if (version === undefined) {
    const body = pathname === "/api" ? legacyVersions(registry) : legacyGroupList(registry);
    return { kind: "document", code: 200, body };
  }
  const body = aggregatedDiscovery(registry, pathname === "/api" ? "api" : "apis", version);
  return { kind: "document", code: 200, body, mediaType: aggregatedMediaType(version) };
}

function documentAt(path: string, { registry, version }: About): object | undefined {
  if (path === "/version") return versionDocument(version);
  if (path === "/openapi/v3") return openApiIndex(registry);
  if (path.startsWith("/openapi/v3/")) return openApiDocument(registry, path);
  const [, root, first, second, ...rest] = path.split("/");
  if (first === undefined || rest.length > 0) return undefined;
  if (root === "api" && second === undefined) return resourceList(registry, "", first);
  if (root !== "apis") return undefined;
  return second === undefined ? legacyGroup(registry, first) : resourceList(registry, first, second);
}
