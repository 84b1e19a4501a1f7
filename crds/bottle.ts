import * as z from "zod";
import { classFields } from "./class-fields.ts";
import { Conditions } from "./condition.ts";
import { EgressStatus } from "./egress-status.ts";
import { GitStatus } from "./git-status.ts";
import { API_VERSION } from "./group.ts";
import { ObjectMeta } from "./metadata.ts";
import { ObjectName } from "./names.ts";
import { NameRef } from "./object-ref.ts";
import { type Rule, withRules } from "./rules.ts";
import { line } from "./text.ts";

const COLORS = [
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

const MAX_LABEL_BYTES = 64;

const Label = withRules(line(MAX_LABEL_BYTES), [
  {
    holds: (self) => Buffer.byteLength(self) <= MAX_LABEL_BYTES,
    cel: `bytes(self).size() <= ${MAX_LABEL_BYTES}`,
    message: `is longer than ${MAX_LABEL_BYTES} bytes of UTF-8: shorten it`,
  },
] satisfies Rule<string>[]);

const Lifecycle = withRules(
  z.strictObject({
    shutdownTime: z.iso
      .datetime({ offset: true, error: "must be a moment in RFC 3339, such as 2027-01-31T18:00:00Z" })
      .optional()
      .describe("moment after which the bottle is suspended, RFC 3339"),
    ttlSecondsAfterFinished: z
      .int()
      .min(0)
      .optional()
      .describe("seconds after shutdownTime until the Bottle is deleted; absent: kept"),
  }),
  [
    {
      holds: (self) => self.ttlSecondsAfterFinished === undefined || self.shutdownTime !== undefined,
      cel: "!has(self.ttlSecondsAfterFinished) || has(self.shutdownTime)",
      message: "counts from `shutdownTime`, which is not given: add it, or leave this out",
      at: ["ttlSecondsAfterFinished"],
    },
  ],
);

const SpecFields = z.strictObject({
  classRef: NameRef.optional().describe("BottleClass under the fields given here; beats the Agent's"),
  agentRef: NameRef.optional().describe("Agent in the same namespace"),
  operatingMode: z
    .enum(["Running", "Suspended"])
    .optional()
    .describe("default Running; Suspended removes the containers and keeps the home"),
  display: z
    .strictObject({
      label: Label.optional().describe("label in lists, up to 64 bytes of UTF-8"),
      color: z.enum(COLORS).optional().describe("ANSI colour of the label"),
    })
    .optional()
    .describe("how lists show the bottle"),
  runtime: z
    .strictObject({
      name: z
        .enum(["docker", "smolvm", "kubernetes", "fake"])
        .optional()
        .describe("where the bottle runs; default: what the controller was started with"),
      runtimeClassName: ObjectName.optional().describe("OCI runtime of the engine, such as runsc"),
    })
    .optional()
    .describe("what the bottle runs on"),
  lifecycle: Lifecycle.optional().describe("when the bottle ends by itself"),
  ...classFields,
});

export const BottleSpec = withRules(SpecFields, [
  {
    holds: (self) => self.egress?.mode !== "audit",
    cel: "!has(self.egress) || !has(self.egress.mode) || self.egress.mode != 'audit'",
    message:
      "is audit, which lets everything out: only the owner of the machine can say that, in a BottleClass that the Bottle names",
    at: ["egress", "mode"],
  },
] satisfies Rule<z.infer<typeof SpecFields>>[]);
export type BottleSpec = z.infer<typeof BottleSpec>;

export const BottleStatus = z.strictObject({
  observedGeneration: z.int().optional().describe("metadata.generation that the status speaks of"),
  conditions: Conditions.optional().describe("observed aspects of the bottle; Ready sums them up"),
  provider: z.string().optional().describe("provider in force, after the merge"),
  runtime: z.string().optional().describe("runtime the bottle is on"),
  image: z.string().optional().describe("image of the agent"),
  policyHash: z.string().optional().describe("hash of the policy that the sidecars last reported to enforce"),
  caFingerprint: z.string().optional().describe("SHA-256 of the bottle's CA certificate, hexadecimal"),
  homeProvisionedTime: z
    .string()
    .optional()
    .describe("moment when the files of a new home were written; they are never written again"),
  homeFilesHash: z
    .string()
    .optional()
    .describe("hash of the prompt and the git configuration that the home was last given"),
  egress: EgressStatus.optional().describe("budgets as the sidecars see them"),
  git: GitStatus.optional().describe("remotes as the gate sees them"),
});
export type BottleStatus = z.infer<typeof BottleStatus>;

/** One agent environment that should exist. */
export const Bottle = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("Bottle"),
    metadata: ObjectMeta,
    spec: BottleSpec.optional().describe("what is asked for"),
    status: BottleStatus.optional().describe("what was observed; written by the controller"),
  })
  .describe(
    "Bottle is one agent environment that should exist: who works in it, what it may reach, and with which credentials.",
  );
export type Bottle = z.infer<typeof Bottle>;
