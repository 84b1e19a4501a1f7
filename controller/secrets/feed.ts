import { isAbsolute } from "node:path";
import * as z from "zod";

const AbsolutePath = z.string().refine(isAbsolute, "must be an absolute path");

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };
const TTL = /^([1-9]\d{0,5})([smh])$/;

/** How access tokens are got with a refresh token (RFC 6749, section 6). */
const OAuth = z.strictObject({
  tokenUrl: z
    .url({ protocol: /^https$/, error: "must begin with https://: the refresh token is sent there" })
    .refine((url) => !/@|#/.test(url), "must hold no user, no password and no fragment"),
  clientId: z.string().min(1).max(512),
  clientSecretFile: AbsolutePath.optional().describe("0600; for a client that has a secret of its own"),
  scope: z.string().min(1).max(1024).optional(),
  body: z.enum(["form", "json"]).optional().describe("how the request is written; default form"),
  caFile: AbsolutePath.optional().describe("PEM that the token endpoint is verified against instead"),
});
export type OAuth = z.infer<typeof OAuth>;

/** Where the value of one key of a Secret comes from when it is not in memory: a file or a command. */
export const Feed = z
  .strictObject({
    namespace: z.string().min(1).max(63).default("default"),
    name: z.string().min(1).max(253),
    key: z.string().min(1).max(253),
    file: AbsolutePath.optional(),
    command: z
      .union([z.string().min(1), z.array(z.string()).min(1)])
      .optional()
      .describe("a line for /bin/sh, or a program and its arguments that no shell sees"),
    ttl: z
      .string()
      .regex(TTL, "must be a time such as 30m: a number and s, m or h")
      .optional()
      .describe("how long a value is good for: it is asked for again before that"),
    oauth: OAuth.optional().describe(
      "file or command gives a refresh token; the value is the access token got with it",
    ),
  })
  .refine(
    ({ file, command }) => (file === undefined) !== (command === undefined),
    "needs either file or command",
  );
export type Feed = z.infer<typeof Feed>;

/** A feed without what it is for. */
export type FeedSource = Pick<Feed, "file" | "command" | "ttl" | "oauth">;

/** The whole of secrets.yaml. */
export const Feeds = z.strictObject({ feeds: z.array(Feed).default([]) });
export type Feeds = z.infer<typeof Feeds>;

/** What a feed is for. */
export type FeedRef = Pick<Feed, "namespace" | "name" | "key">;

/** Whether two feeds are for the same key. */
export const isSameFeed = (a: FeedRef, b: FeedRef): boolean =>
  a.namespace === b.namespace && a.name === b.name && a.key === b.key;

/** Milliseconds that a value of the feed is good for; undefined when it says nothing of that. */
export function ttlOf({ ttl }: Pick<Feed, "ttl">): number | undefined {
  const [, count, unit = ""] = TTL.exec(ttl ?? "") ?? [];
  return count === undefined ? undefined : Number(count) * UNITS[unit]!;
}
