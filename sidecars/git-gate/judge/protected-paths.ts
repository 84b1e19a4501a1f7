import type { PushFinding } from "../contract.ts";
import { printable, ruleFinding, utf8Of } from "./finding.ts";
import { type GitAccess, gitWords } from "../process/git-process.ts";
import { globPattern } from "./glob.ts";

/** of merges what differs from each parent, of root commits everything */
const EVERY_CHANGE = ["diff-tree", "--stdin", "--raw", "-z", "-r", "-c", "--root"];

/** Whether a path is protected, or takes the place of a directory that a protected one lies in. */
function createPathGuard(globs: readonly string[]): (path: string) => boolean {
  const patterns = globs
    .flatMap((glob) => [glob, ...directoriesOf(glob)])
    .map((each) => globPattern(inOneCase(each)));
  return (path) =>
    [path, folded(path)].map(inOneCase).some((each) => patterns.some((pattern) => pattern.test(each)));
}

/** A long s, too, is an s in capitals. */
const inOneCase = (path: string): string => path.toUpperCase().toLowerCase();

/** characters that HFS+ does not see in a name */
const IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;
/** what NTFS takes off the end of a name: dots, spaces, the name of a stream */
const CUT_OFF = /(?::.*|[. ]+)$/s;

/** The path that a file system which folds names makes of it. Both count: nobody knows where it is checked out. */
const folded = (path: string): string =>
  path
    .replaceAll(IGNORED, "")
    .normalize("NFC")
    .split("/")
    .map((name) => name.replace(CUT_OFF, ""))
    .join("/");

/** The directories above what a glob matches, as far as it names them. */
function directoriesOf(glob: string): string[] {
  const segments = glob.split("/");
  const named = segments.findIndex((segment) => segment.includes("**"));
  const above = segments.slice(0, named === -1 ? segments.length - 1 : named);
  return above.map((_, index) => above.slice(0, index + 1).join("/"));
}

/**
 * Protected paths that the commits change: where what stands there is not what one of the parents has there.
 * So a merge brings along what upstream changed, and adds nothing of its own.
 */
export async function changedProtectedPaths(
  access: GitAccess,
  commits: readonly string[],
  globs: readonly string[],
  most: number,
): Promise<PushFinding[]> {
  if (commits.length === 0 || globs.length === 0) return [];
  const isProtected = createPathGuard(globs);
  const input = commits.map((id) => `${id}\n`);
  const findings: PushFinding[] = [];
  for await (const change of changes(access, input)) {
    if (!isProtected(utf8Of(change.path))) continue;
    findings.push(findingOf(change));
    if (findings.length === most) break;
  }
  return findings;
}

interface Change {
  readonly commit: string;
  readonly path: string;
}

/** Commits alone, and pairs of a change, which begins with a colon, and its path; a path is never taken for a commit. */
async function* changes(access: GitAccess, input: readonly string[]): AsyncGenerator<Change> {
  let commit = "";
  let isPath = false;
  for await (const word of gitWords(access, EVERY_CHANGE, { input, end: "\0" })) {
    if (isPath) yield { commit, path: word };
    else if (!word.startsWith(":")) commit = word;
    isPath = !isPath && word.startsWith(":");
  }
}

const findingOf = ({ commit, path }: Change): PushFinding =>
  ruleFinding(
    "ProtectedPath",
    `commit ${commit}, path ${printable(utf8Of(path))}`,
    "Leave this path as upstream has it: what stands there runs with the forge's secrets.",
  );
