import * as z from "zod";

const SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const DNS_LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

const SUBDOMAIN_MESSAGE =
  "must be lower-case letters, digits, '-' and '.', and start and end with a letter or digit";

/** Whether a name may be that of an object, whatever its length (RFC 1123 subdomain). */
export const isObjectName = (name: string): boolean => SUBDOMAIN.test(name);

/** Whether a name may be that of a Namespace (RFC 1123 label). */
export const isDnsLabel = (name: string): boolean => name.length <= 63 && DNS_LABEL.test(name);

/** Name of another object. */
export const ObjectName = z.string().min(1).max(253).regex(SUBDOMAIN, SUBDOMAIN_MESSAGE);

/** Key in a Secret's data. */
export const SecretKey = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[-._a-zA-Z0-9]+$/, "must be letters, digits, '-', '_' and '.'");
