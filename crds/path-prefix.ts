import * as z from "zod";
import { type Rule, withOrderedRules } from "./rules.ts";

/** What would let two servers read one path in two ways, or what no path can have. */
const RULES: readonly Rule<string>[] = [
  {
    holds: (self) => !/[?#]/.test(self),
    cel: "!self.matches('[?#]')",
    message: "has a query or a fragment: write the path alone",
  },
  {
    holds: (self) => !self.includes("*"),
    cel: "!self.contains('*')",
    message: "has a *: paths are prefixes on segment boundaries, so leave it out",
  },
  {
    holds: (self) => !/\/(\.{0,2}\/|\.{1,2}$)/.test(self),
    cel: String.raw`!self.matches(r'/(\.{0,2}/|\.{1,2}$)')`,
    message: "has an empty, . or .. segment: write the path that is meant",
  },
  {
    holds: (self) => !/[\\"<>^`{|}]/.test(self),
    cel: String.raw`!self.matches(r'[\\"<>^\x60{|}]')`,
    message: "has a character that a path cannot have: encode it as %XX",
  },
  {
    holds: (self) => !/%(.?$|.?[^0-9A-F])/.test(self),
    cel: "!self.matches('%(.?$|.?[^0-9A-F])')",
    message: "has a % that two capital hexadecimal digits do not follow: write %2A, not %2a",
  },
  {
    holds: (self) => !/%(2E|2F|5C|00)/.test(self),
    cel: "!self.matches('%(2E|2F|5C|00)')",
    message:
      "has an encoded slash, backslash, dot or NUL, which servers read in different ways: leave it out",
  },
];

/** Prefix of the paths of a route, in normal form. */
export const PathPrefix = withOrderedRules(
  z
    .string()
    .max(512)
    .regex(
      /^\/[!-~]*$/,
      "must start with a slash and have no spaces and no letters beyond ASCII, such as /v1/",
    ),
  RULES,
);
