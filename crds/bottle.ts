import { z } from "zod";
import { classFields } from "./class-fields.ts";
import { Condition } from "./condition.ts";
import { API_VERSION } from "./group.ts";
import { ObjectMeta } from "./metadata.ts";

export const COLORS = [
  "black",
  "red",
  "green",
  "yellow",
  "blue",
  "magenta",
  "cyan",
  "white",
  "bright-black",
  "bright-red",
  "bright-green",
  "bright-yellow",
  "bright-blue",
  "bright-magenta",
  "bright-cyan",
  "bright-white",
] as const;

export const BottleSpec = z.strictObject({
  classRef: z
    .strictObject({ name: z.string().min(1).max(253) })
    .optional()
    .describe("BottleClass under the fields given here"),
  agentRef: z
    .strictObject({ name: z.string().min(1).max(253) })
    .optional()
    .describe("Agent in the same namespace"),
  operatingMode: z
    .enum(["Running", "Suspended"])
    .optional()
    .describe("default Running; Suspended removes the containers and keeps the home"),
  display: z
    .strictObject({
      label: z.string().max(64).optional().describe("label in lists, up to 64 bytes of UTF-8"),
      color: z.enum(COLORS).optional().describe("ANSI colour of the label"),
    })
    .optional(),
  runtime: z
    .strictObject({
      name: z
        .enum(["docker", "smolvm", "kubernetes", "fake"])
        .optional()
        .describe("where the bottle runs; default: what the controller was started with"),
      runtimeClassName: z.string().max(253).optional().describe("OCI runtime of the engine, such as runsc"),
    })
    .optional(),
  lifecycle: z
    .strictObject({
      shutdownTime: z.iso
        .datetime({ offset: true })
        .optional()
        .describe("moment after which the bottle is suspended"),
      ttlSecondsAfterFinished: z
        .int()
        .min(0)
        .optional()
        .describe("seconds after shutdownTime until the Bottle is deleted; absent: kept"),
    })
    .optional(),
  ...classFields,
});
export type BottleSpec = z.infer<typeof BottleSpec>;

export const BottleStatus = z.strictObject({
  observedGeneration: z.int().optional(),
  conditions: z.array(Condition).optional(),
  provider: z.string().optional().describe("provider in force, after the merge"),
  runtime: z.string().optional().describe("runtime the bottle is on"),
  image: z.string().optional().describe("image of the agent"),
  policyHash: z.string().optional().describe("hash of the policy that the sidecars last reported to enforce"),
  caFingerprint: z.string().optional().describe("SHA-256 of the bottle's CA certificate, hexadecimal"),
  homeProvisionedTime: z
    .string()
    .optional()
    .describe("moment when the files of a new home were written; they are never written again"),
});
export type BottleStatus = z.infer<typeof BottleStatus>;

/** One agent environment that should exist. */
export const Bottle = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("Bottle"),
  metadata: ObjectMeta,
  spec: BottleSpec.optional(),
  status: BottleStatus.optional(),
});
export type Bottle = z.infer<typeof Bottle>;
