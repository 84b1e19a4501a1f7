/** A secret that was recognised. Says where and what kind, never the value. */
export interface Finding {
  /** id of the rule, or `known-value` */
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
}

/** A value that must not leave, such as one that a route injects. */
export interface KnownValue {
  readonly id: string;
  readonly value: string;
}

/** Finds known values chunk by chunk, across the borders of chunks. */
export interface StreamSearch {
  push(chunk: Uint8Array): Finding | undefined;
}

/** Looks for secrets in what leaves the bottle. Pure but for the time it takes; holds no request. */
export interface Detector {
  /** method, host labels, path, query, header names and values, cookies */
  inspectHead(head: HeadToInspect): Inspection;
  /** every view of the body: content codings, multipart, form, JSON, and encodings within */
  inspectBody(body: BodyToInspect): Promise<Inspection>;
  /** for bodies that stream: known values in their encodings, no patterns */
  streamSearch(location: string): StreamSearch;
}
