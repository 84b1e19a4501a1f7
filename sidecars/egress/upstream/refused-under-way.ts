import type { Denial } from "../denial.ts";

/** Thrown by a body that finds a secret while it is being sent: cuts the request off. */
export class RefusedUnderWayError extends Error {
  override readonly name = "RefusedUnderWayError";
  readonly denial: Denial;
  constructor(denial: Denial) {
    super(denial.code);
    this.denial = denial;
  }
}
