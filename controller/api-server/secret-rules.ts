import { isDeepStrictEqual } from "node:util";
import { secrets, type Secret } from "../../crds/core.ts";
import type { ApiObject } from "../../crds/metadata.ts";
import type { Draft } from "../../reconcilers/contract/resource-client.ts";
import { invalid, type StatusCause } from "./status-error.ts";

const KEY = /^[-._a-zA-Z0-9]{1,253}$/;
const MAX_BYTES = 1024 * 1024;

/** Kubernetes's rules for Secrets. Throws StatusError 422, which names keys and never a value. */
export function checkSecret(sent: Draft<ApiObject>, before: Secret | undefined): void {
  const secret = sent as Draft<Secret>;
  const causes = [...keyCauses(secret), ...sizeCauses(secret), ...immutableCauses(secret, before)];
  if (causes.length > 0) throw invalid(secrets, secret.metadata.name, causes);
}

const textsOf = (field: unknown): [string, unknown][] =>
  typeof field === "object" && field !== null ? Object.entries(field) : [];
const allTexts = (secret: Draft<Secret>): [string, unknown][] => [
  ...textsOf(secret.data),
  ...textsOf(secret["stringData"]),
];

const keyCauses = (secret: Draft<Secret>): StatusCause[] =>
  allTexts(secret)
    .filter(([key]) => !KEY.test(key) || key.startsWith(".."))
    .map(() => ({
      reason: "FieldValueInvalid",
      message: "Invalid value: a key must be at most 253 letters, digits, '-', '_' and '.'",
      field: "data",
    }));

function sizeCauses(secret: Draft<Secret>): StatusCause[] {
  const bytes = allTexts(secret).reduce((sum, [, text]) => sum + String(text).length, 0);
  if (bytes <= MAX_BYTES) return [];
  return [
    {
      reason: "FieldValueTooLong",
      message: `Too long: may not be more than ${MAX_BYTES} bytes`,
      field: "data",
    },
  ];
}

function immutableCauses(secret: Draft<Secret>, before: Secret | undefined): StatusCause[] {
  if (before === undefined) return [];
  const fixed = (field: string, rule: string): StatusCause => ({
    reason: "FieldValueInvalid",
    message: rule,
    field,
  });
  const causes: StatusCause[] = [];
  if ((secret.type ?? "Opaque") !== (before.type ?? "Opaque")) {
    causes.push(fixed("type", "Invalid value: field is immutable"));
  }
  if (before["immutable"] !== true) return causes;
  const carriesValue = allTexts(secret).some(([, text]) => text !== "");
  const sameKeys = isDeepStrictEqual(
    Object.keys(secret.data ?? {}).toSorted(),
    Object.keys(before.data ?? {}).toSorted(),
  );
  if (carriesValue || !sameKeys) {
    causes.push(fixed("data", "Forbidden: field is immutable when `immutable` is set"));
  }
  if (secret["immutable"] !== true) {
    causes.push(fixed("immutable", "Forbidden: field is immutable when `immutable` is set"));
  }
  return causes;
}
