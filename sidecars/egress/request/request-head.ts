/** The head of a request in normal form: what is decided on, and what is sent. */
export interface RequestHead {
  readonly scheme: "http" | "https";
  /** normal form, see normaliseHost */
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** normal form, without query */
  readonly path: string;
  /** see NormalPath */
  readonly alternativePath: string;
  /** with its question mark, as it came; empty when there is none */
  readonly query: string;
  /** name, value, name, value, … as they came, without those of one hop */
  readonly headers: readonly string[];
}
