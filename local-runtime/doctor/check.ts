/** One line of the doctor. */
export interface Check {
  /** what was looked at */
  readonly name: string;
  /** `warn`: bottles work, with less than they could have; `fail`: they do not */
  readonly status: "ok" | "warn" | "fail";
  /** what was found, for people */
  readonly found: string;
  /** what a person can do about it; absent when all is well */
  readonly todo?: string | undefined;
  /** what `fix` does about it; absent when nothing here can */
  readonly repair?: Repair | undefined;
}

/** What `fix` knows how to do, in the order in which it is done. */
export const REPAIRS = ["closeStateFolder", "installDocker", "startDocker", "buildImages"] as const;
export type Repair = (typeof REPAIRS)[number];

type More = Pick<Check, "todo" | "repair">;

export const ok = (name: string, found: string): Check => ({ name, status: "ok", found });
export const warn = (name: string, found: string, more: More): Check => ({
  name,
  status: "warn",
  found,
  ...more,
});
export const fail = (name: string, found: string, more: More): Check => ({
  name,
  status: "fail",
  found,
  ...more,
});
