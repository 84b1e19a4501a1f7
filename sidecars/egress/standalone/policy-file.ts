import { readFile, stat } from "node:fs/promises";
import { LineCounter, parseDocument } from "yaml";
import * as z from "zod";
import { Egress } from "../../../crds/egress.ts";
import { fieldErrorsOf } from "../../../crds/validation/describe-issue.ts";
import { describeErrors } from "../../../crds/validation.ts";
import { neededDestinations } from "../../wire/binding.ts";
import { compileEgress } from "../../wire/compile-egress.ts";
import type { SecretValue } from "../../wire/control.ts";
import type { EgressPolicy, PolicyRoute } from "../../wire/egress-policy.ts";
import { secretId } from "../enforcement.ts";
import { StandaloneError } from "./standalone-error.ts";

/** What `bb egress --policy` reads: the `egress:` of a BottleClass, and the secrets that its routes name. */
export const PolicyFile = z.strictObject({
  egress: Egress.optional().describe("what may be reached; nothing else is"),
  secrets: z
    .record(z.string().min(1), z.record(z.string().min(1), z.string().min(1)))
    .optional()
    .describe("values of secrets: name, key, value"),
});
export type PolicyFile = z.infer<typeof PolicyFile>;

export interface LoadedPolicy {
  readonly policy: EgressPolicy;
  readonly secrets: readonly SecretValue[];
}

const READABLE_BY_OTHERS = 0o077;

/**
 * Reads a policy file. Its secrets are bound to the destinations of the routes
 * in the same file that name them: who writes the one writes the other. Throws
 * StandaloneError, which says where and what, and quotes no value.
 */
export async function readPolicyFile(path: string): Promise<LoadedPolicy> {
  const [text, mode] = await read(path);
  const file = parse(path, text);
  if (file.secrets !== undefined && (mode & READABLE_BY_OTHERS) !== 0) {
    throw new StandaloneError(`${path} holds secrets and others may read it: run chmod 600 ${path}`);
  }
  const policy = compileEgress(file.egress ?? {});
  if (policy.unlisted === "ask") {
    throw new StandaloneError(`${path}: \`unlisted: ask\` needs a bottle: the proxy alone has nobody to ask`);
  }
  if (policy.canaries === "planted") {
    throw new StandaloneError(
      `${path}: \`canaries: planted\` needs a bottle: the proxy alone has no home to plant any in`,
    );
  }
  const missing = policy.routes.find(
    ({ auth }) => auth.mode === "inject" && valueOf(file, auth.secret) === undefined,
  );
  if (missing?.auth.mode === "inject") {
    const { name, key } = missing.auth.secret;
    throw new StandaloneError(
      `${path}: route ${missing.name} injects the secret ${name}, key ${key}, which is not under \`secrets\`: add it there`,
    );
  }
  return { policy, secrets: secretsOf(file, policy.routes) };
}

async function read(path: string): Promise<[text: string, mode: number]> {
  try {
    return [await readFile(path, "utf8"), (await stat(path)).mode];
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new StandaloneError(`the policy file ${path} cannot be read (${code})`);
  }
}

function parse(path: string, text: string): PolicyFile {
  const lines = new LineCounter();
  // pretty errors quote the line, which may hold a secret
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines, uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new StandaloneError(`${path}: line ${line}, column ${col} is not YAML (${error.code})`);
  }
  const object = toObject(path, document);
  const parsed = PolicyFile.safeParse(object);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => fieldErrorsOf(issue, PolicyFile, object));
  throw new StandaloneError(`${path}: ${describeErrors(errors)}`);
}

function toObject(path: string, document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 }) ?? {};
  } catch {
    // an alias may stand for anything, and a tower of them for gigabytes
    throw new StandaloneError(`${path} has an alias (*name): write the value out`);
  }
}

function secretsOf(file: PolicyFile, routes: readonly PolicyRoute[]): SecretValue[] {
  return Object.entries(file.secrets ?? {}).flatMap(([name, values]) =>
    Object.entries(values).map(([key, value]) => ({
      name,
      key,
      version: "file",
      value,
      destinations: routes.flatMap((route) =>
        route.auth.mode === "inject" && secretId(route.auth.secret) === secretId({ name, key })
          ? route.ports.flatMap((port) => neededDestinations(route, route.host, port))
          : [],
      ),
    })),
  );
}

function valueOf(file: PolicyFile, { name, key }: { name: string; key: string }): string | undefined {
  return Object.hasOwn(file.secrets ?? {}, name) ? file.secrets?.[name]?.[key] : undefined;
}
