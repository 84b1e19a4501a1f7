/** What a starting controller says to whoever started it, one JSON object a line. */
export type StartReport =
  | { readonly kind: "step"; readonly text: string }
  | { readonly kind: "ready" }
  /** `next` says what a person can do; `held` means that another controller has the state folder */
  | {
      readonly kind: "failed";
      readonly message: string;
      readonly next?: string | undefined;
      readonly held?: boolean;
    };
