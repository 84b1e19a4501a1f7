import { isAbsolute } from "node:path";
import * as z from "zod";

/** Where the value of one key of a Secret comes from when it is not in memory: a file or a command. */
export const Feed = z
  .strictObject({
    namespace: z.string().min(1).max(63).default("default"),
    name: z.string().min(1).max(253),
    key: z.string().min(1).max(253),
    file: z.string().refine(isAbsolute, "must be an absolute path").optional(),
    command: z
      .union([z.string().min(1), z.array(z.string()).min(1)])
      .optional()
      .describe("a line for /bin/sh, or a program and its arguments that no shell sees"),
  })
  .refine(
    ({ file, command }) => (file === undefined) !== (command === undefined),
    "needs either file or command",
  );
export type Feed = z.infer<typeof Feed>;

/** The whole of secrets.yaml. */
export const Feeds = z.strictObject({ feeds: z.array(Feed).default([]) });
export type Feeds = z.infer<typeof Feeds>;

/** What a feed is for. */
export type FeedRef = Pick<Feed, "namespace" | "name" | "key">;

/** Whether two feeds are for the same key. */
export const isSameFeed = (a: FeedRef, b: FeedRef): boolean =>
  a.namespace === b.namespace && a.name === b.name && a.key === b.key;
