import { CANARY_RULE, KNOWN_VALUE_RULE } from "../../crds/rule-names.ts";
import type { FragmentRing } from "./fragment-ring.ts";

/** A secret that was recognised. Says where and what kind, never the value. */
export interface Finding {
  /** id of the rule, or `known-value`, or `canary` */
  readonly rule: string;
  /** such as `header x-note`, `query token`, `body`, `body gzip > base64` */
  readonly location: string;
  /** redacted shape, such as `ghp_…(40)` */
  readonly shape: string;
}

/** What the detector says of one piece of a request. */
export type Inspection =
  | { readonly kind: "clean" }
  | { readonly kind: "found"; readonly finding: Finding }
  /** could not be looked at whole: an unknown coding, a bomb, broken data; such a piece is not let through */
  | {
      readonly kind: "opaque";
      readonly code: "UnknownContentCoding" | "BodyUndecodable" | "BodyTooLarge";
      readonly because: string;
    };

export interface HeadToInspect {
  readonly method: string;
  readonly host: string;
  /** as it came, with its query */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface BodyToInspect {
  readonly bytes: Uint8Array;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** what findings call it; `body` when it is not said */
  readonly location?: string | undefined;
}

/** Where a piece of a request goes, and what its bottle sent before. */
export interface InspectionContext {
  /** host that the agent's own credential may go to (`auth: passthrough`): a token that is at home there is let through */
  readonly passthroughTo?: string | undefined;
  /** host that it goes to: an owner's rule may allow it there */
  readonly destination?: string | undefined;
  /** of the bottle: what is split over requests is put together with it */
  readonly fragments?: FragmentRing | undefined;
}

/** A value that must not leave, such as one that a route injects. */
export interface KnownValue {
  readonly id: string;
  readonly value: string;
}

/** Id of values that were planted, so that whoever sends one is found out; no secret and no remote can be named so. */
export const CANARY_ID = "planted in the agent's home, where nothing has a reason to read it";

/** The rule of a finding of a known value. */
export const ruleOfKnownValue = (id: string): string => (id === CANARY_ID ? CANARY_RULE : KNOWN_VALUE_RULE);

/** Finds known values chunk by chunk, across the borders of chunks. */
export interface StreamSearch {
  push(chunk: Uint8Array): Finding | undefined;
  /** how many bytes at the end of what was pushed may be the beginning of a known value: what is to be held back */
  pending(): number;
}

/** Looks for secrets in what leaves the bottle. Gives way to other requests while it looks at much. */
export interface Detector {
  /** method, host labels, path, query, header names and values, cookies */
  inspectHead(head: HeadToInspect, context?: InspectionContext): Promise<Inspection>;
  /** the name of a host, and what is asked of it, at once: all but what compression hides */
  inspectName(host: string, path?: string): Inspection;
  /** fields that come after a body, in the same way */
  inspectTrailers(fields: HeadToInspect["headers"], context?: InspectionContext): Inspection;
  /** every view of the body: content codings, multipart, form, JSON, and encodings within */
  inspectBody(body: BodyToInspect, context?: InspectionContext): Promise<Inspection>;
  /** for bodies that stream: known values in their encodings, no patterns */
  streamSearch(location: string): StreamSearch;
}
