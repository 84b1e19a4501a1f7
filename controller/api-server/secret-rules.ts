import { isDeepStrictEqual } from "node:util";
import { secrets, type Secret } from "../../crds/core.ts";
import type { ApiObject } from "../../crds/metadata.ts";
import type { Draft } from "../../reconcilers/contract/resource-client.ts";
import { badRequest, invalid, type StatusCause } from "./status-error.ts";

const KEY = /^[-._a-zA-Z0-9]{1,253}$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const MAX_BYTES = 1024 * 1024;

/** Kubernetes's rules for Secrets. Throws StatusError 400 or 422, which names keys and never a value. */
export function checkSecret(sent: Draft<ApiObject>, before: Secret | undefined): void {
  const secret = sent as Draft<Secret>;
  const causes = [...keyCauses(secret), ...sizeCauses(secret), ...immutableCauses(secret, before)];
  if (causes.length > 0) throw invalid(secrets, secret.metadata.name, causes);
  const unreadable = textsOf(secret.data).find(([, text]) => !isBase64(String(text)));
  if (unreadable !== undefined) throw badRequest(`illegal base64 in data.${unreadable[0]}`);
}

function isBase64(text: string): boolean {
  const letters = text.replaceAll(/\s/g, "");
  return BASE64.test(letters) && letters.length % 4 === 0;
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
  const causes =
    typeOf(secret) === typeOf(before) ? [] : [fixed("type", "Invalid value: field is immutable")];
  if (before["immutable"] !== true) return causes;
  if (changesData(secret, before)) causes.push(fixed("data", SET_IMMUTABLE));
  if (secret["immutable"] !== true) causes.push(fixed("immutable", SET_IMMUTABLE));
  return causes;
}

const SET_IMMUTABLE = "Forbidden: field is immutable when `immutable` is set";
const fixed = (field: string, message: string): StatusCause => ({
  reason: "FieldValueInvalid",
  message,
  field,
});
const typeOf = ({ type }: Draft<Secret>): unknown => type ?? "Opaque";

function changesData(secret: Draft<Secret>, before: Secret): boolean {
  const keysOf = (data: unknown): string[] => Object.keys(data ?? {}).toSorted();
  const carriesValue = allTexts(secret).some(([, text]) => text !== "");
  return carriesValue || !isDeepStrictEqual(keysOf(secret.data), keysOf(before.data));
}
