import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { forbidden, type StatusError, unauthorized } from "./status-error.ts";

/** Decides from the head of a request who may go on; undefined lets it pass. Upgrades go the same way. */
export type Authenticate = (headers: IncomingHttpHeaders) => StatusError | undefined;

/**
 * Host and Origin come before the token: a page in a browser that rebinds a
 * name to loopback learns nothing, not even whether it holds a token.
 */
export function createAuthenticate(about: { readonly token: string; readonly port: number }): Authenticate {
  const hosts = [`127.0.0.1:${about.port}`, `localhost:${about.port}`, `[::1]:${about.port}`];
  const wanted = digest(about.token);
  return (headers) => {
    if (!hosts.includes(headers.host?.toLowerCase() ?? "")) {
      return forbidden("this server answers on loopback only: the Host header names something else");
    }
    if (headers.origin !== undefined) return forbidden("requests from web pages are refused");
    const given = /^Bearer ([\x21-\x7e]+)$/i.exec(headers.authorization ?? "")?.[1];
    // Digests have one length, so the comparison tells nothing of the token's.
    if (given === undefined || !timingSafeEqual(digest(given), wanted)) return unauthorized();
    return undefined;
  };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
