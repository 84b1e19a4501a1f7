import type { ApiResource } from "./resource.ts";
import type { Status } from "./status-error.ts";

/** What an endpoint gives back; how it is written out is the affair of respond.ts. */
export type Answer =
  /** an object or a list of `resource`, in the form that the client asks for */
  | {
      readonly kind: "object";
      readonly code: number;
      readonly resource: ApiResource;
      readonly body: object;
      readonly warnings?: readonly string[];
    }
  /** JSON with no other form: discovery, schemas, a Status */
  | { readonly kind: "document"; readonly code: number; readonly body: object; readonly mediaType?: string }
  | { readonly kind: "text"; readonly code: number; readonly body: string; readonly mediaType?: string }
  /** chunks that are sent as they come, at the reader's pace */
  | {
      readonly kind: "stream";
      readonly mediaType: string;
      readonly chunks: AsyncIterable<string>;
      /** how long the reader may take nothing before it is cut off; absent: as long as it likes */
      readonly stuckMs?: number;
    };

/** A Status as an answer, with its own code. */
export const statusAnswer = (status: Status): Answer => ({
  kind: "document",
  code: status.code,
  body: status,
});
