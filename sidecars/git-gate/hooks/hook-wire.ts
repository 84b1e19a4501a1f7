/** What a hook of a mirror says to the gate: one line of JSON on the gate's hook socket. */
export interface HookCall {
  /** names the request that the hook runs in */
  readonly nonce: string;
  readonly hook: "pre-receive" | "proc-receive";
  /** `FROM TO REF`, as git gives them */
  readonly commands: readonly string[];
  readonly pushOptions: readonly string[];
  /** the quarantine variables */
  readonly quarantine: Readonly<Record<string, string>>;
}

/** What the gate answers: any number of words to pass on, then one verdict, a line of JSON each. */
export type HookAnswer =
  | { readonly say: string }
  /** refs that upstream refused, with its reasons; the others are accepted when the push is */
  | { readonly accept: boolean; readonly refused: Readonly<Record<string, string>> };

/** What a credential helper says to the gate, in place of a hook's call. */
export interface CredentialCall {
  readonly nonce: string;
  readonly hook: typeof CREDENTIAL_HOOK;
  /** git's question, see git-credential(1) */
  readonly wanted: string;
}

/** `credential` is what the helper gives to git; empty where it gives nothing. */
export interface CredentialAnswer {
  readonly credential: string;
}

/** The credential helper's name beside the hooks. */
export const CREDENTIAL_HOOK = "credential";

/** Environment variables by which a hook finds the gate. */
export const HOOK_SOCKET = "BB_GATE_SOCKET";
export const HOOK_NONCE = "BB_GATE_NONCE";
