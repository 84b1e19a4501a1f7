import type { Listing } from "../upstream/upstream.ts";
import { FLUSH, pktLine } from "./pkt-line.ts";

const PREFIX = "ref-prefix ";
/** they only spare words, and each is held against each ref; git, too, takes more for none */
const MOST_PREFIXES = 1000;

/**
 * The answer to `ls-refs` (gitprotocol-v2) from what upstream announced, so that a client has its refs before the mirror
 * has the objects. Pure.
 */
export function lsRefsAnswer(listing: Listing, asked: readonly string[]): Buffer {
  const prefixes = asked.filter((line) => line.startsWith(PREFIX)).map((line) => line.slice(PREFIX.length));
  const isAsked = (ref: string): boolean =>
    prefixes.length === 0 ||
    prefixes.length > MOST_PREFIXES ||
    prefixes.some((prefix) => ref.startsWith(prefix));
  const { head, refs, peeled } = listing;
  const headId = head === undefined ? undefined : refs.get(head);
  const symref = asked.includes("symrefs") ? ` symref-target:${head}` : "";
  const lines = [
    ...(headId === undefined || !isAsked("HEAD") ? [] : [`${headId} HEAD${symref}`]),
    ...[...refs].filter(([ref]) => isAsked(ref)).map(([ref, id]) => `${id} ${ref}${peel(ref)}`),
  ];
  return Buffer.concat([...lines.map((line) => pktLine(`${line}\n`)), FLUSH]);

  function peel(ref: string): string {
    const id = asked.includes("peel") ? peeled.get(ref) : undefined;
    return id === undefined ? "" : ` peeled:${id}`;
  }
}
