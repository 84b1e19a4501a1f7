import type { Ended } from "./git-kit.ts";

/** Runs a client's git in the folder of one side; its words have the remote's URL for URL. */
export type Git = (words: string, cwd?: string) => Promise<Ended>;

/** What an operation finds: a clone `work` of an upstream with history, and `URL` for the remote. */
export interface Side {
  readonly git: Git;
  /** commits a file in the clone */
  commit(file: string, text: string): Promise<void>;
  /** what somebody else pushes to upstream, by git in a clone of upstream's own */
  upstream(words: string): Promise<void>;
  /** makes a hook of upstream */
  hook(name: string, script: string): void;
}

/** One operation, run directly against upstream and through the gate. */
export interface Operation {
  readonly name: string;
  /** resolves to how the command that counts ended */
  readonly run: (side: Side) => Promise<Ended>;
  /** why the two sides differ in exit code or in the client's refs */
  readonly differs?: string;
  /** how the command ends through the gate, where the sides differ; where it fails, upstream is as it was */
  readonly codeInGate?: number;
  /** compare what the command prints on stdout, too */
  readonly sameOutput?: boolean;
}

/** The commands one after the other; the last one counts. */
const git =
  (...commands: string[]): Operation["run"] =>
  async ({ git }) => {
    const [last = "", ...before] = commands.toReversed();
    for (const words of before.toReversed()) await git(words);
    return git(last);
  };

/** The same after a commit of ours. */
const afterCommit =
  (...commands: string[]): Operation["run"] =>
  async (side) => {
    await side.commit("ours.txt", "ours\n");
    return git(...commands)(side);
  };

/** The same after somebody else's commit, and one of ours. */
const afterBoth =
  (...commands: string[]): Operation["run"] =>
  async (side) => {
    await side.upstream("push -q origin HEAD~1:refs/heads/older");
    await side.upstream("commit -q --allow-empty -m theirs");
    await side.upstream("push -q origin HEAD:main");
    return afterCommit(...commands)(side);
  };

const hookRefuses = (name: string, script: string, words: string): Operation["run"] => {
  return async (side) => {
    side.hook(name, script);
    return afterCommit(words)(side);
  };
};

const only = (name: string, ...commands: string[]): Operation => ({ name, run: git(...commands) });
const ours = (name: string, ...commands: string[]): Operation => ({ name, run: afterCommit(...commands) });
const both = (name: string, ...commands: string[]): Operation => ({ name, run: afterBoth(...commands) });

const CLONES: readonly Operation[] = [
  only("clone", "clone URL ../c", "-C ../c for-each-ref"),
  only("clone --bare", "clone --bare URL ../c"),
  only("clone --mirror", "clone --mirror URL ../c"),
  only("clone --depth", "clone --depth=1 URL ../c", "-C ../c rev-list --count --all"),
  only("clone --shallow-since", "clone --shallow-since=2020-01-01 URL ../c"),
  only("clone --shallow-exclude", "clone --shallow-exclude=v1 URL ../c", "-C ../c rev-list --count HEAD"),
  only("clone --single-branch", "clone --single-branch -b topic URL ../c"),
  only("clone of a tag", "clone -b v1 URL ../c", "-C ../c rev-parse HEAD"),
  only("clone of no such branch", "clone -b nothing URL ../c"),
  only("clone --no-tags", "clone --no-tags URL ../c"),
  only("clone --filter=blob:none", "clone --filter=blob:none URL ../c", "-C ../c status --porcelain"),
  only("clone --filter=tree:0", "clone --filter=tree:0 --no-checkout URL ../c", "-C ../c checkout -q main"),
  only("clone --sparse", "clone --sparse --filter=blob:none URL ../c", "-C ../c sparse-checkout set folder"),
  only("clone in version 0", "-c protocol.version=0 clone URL ../c"),
  only("clone with a bundle URI", "clone -c transfer.bundleURI=true URL ../c"),
  only("clone --reject-shallow", "clone --reject-shallow URL ../c"),
];

const FETCHES: readonly Operation[] = [
  both("fetch", "fetch origin"),
  both(
    "fetch --prune",
    "push -q origin main:refs/heads/gone",
    "push -q origin :gone",
    "fetch --prune origin",
  ),
  both("fetch --tags", "fetch --tags origin"),
  both("fetch --all --prune --force", "fetch --all --prune --force"),
  both("fetch of one ref", "fetch origin topic:refs/heads/mine"),
  only("fetch of no such ref", "fetch origin nothing"),
  both("fetch of an id", "fetch origin HEAD"),
  both("fetch --depth and --unshallow", "fetch --depth=1 origin", "fetch --unshallow origin"),
  both("fetch --dry-run", "fetch --dry-run origin"),
  both("fetch --negotiation-tip", "fetch --negotiation-tip=main origin"),
  {
    name: "pull that merges",
    run: afterBoth("pull -q --no-rebase --no-edit"),
    differs: "the message of the merge names the gate's URL",
    codeInGate: 0,
  },
  both("pull --rebase", "pull -q --rebase"),
  both("pull --ff-only that cannot", "pull -q --ff-only"),
  both("remote update", "remote update --prune"),
  { name: "remote show", run: git("remote show origin"), sameOutput: true },
  { name: "ls-remote", run: git("ls-remote origin"), sameOutput: true },
  { name: "ls-remote --heads --tags", run: git("ls-remote --heads --tags origin"), sameOutput: true },
  { name: "ls-remote --symref", run: git("ls-remote --symref origin HEAD"), sameOutput: true },
  { name: "ls-remote --exit-code of nothing", run: git("ls-remote --exit-code origin nothing") },
];

const PUSHES: readonly Operation[] = [
  ours("push", "push origin main"),
  { name: "push --porcelain", run: afterCommit("push --porcelain origin main"), sameOutput: true },
  ours("push of nothing new", "push -q origin main", "push origin main"),
  ours("push --dry-run", "push --dry-run origin main"),
  ours("push -u of a new branch", "push -u origin main:fresh"),
  both("push that is no fast-forward", "push origin main"),
  both("push --force", "push --force origin main"),
  both("push --force-with-lease that is stale", "push --force-with-lease=main:v1 origin main"),
  ours("push --force-with-lease", "commit -q --amend -m other", "push --force-with-lease origin main"),
  ours("push --force-if-includes", "push --force-with-lease --force-if-includes origin main"),
  only("push that deletes", "push origin :topic"),
  only("push --delete of nothing", "push origin --delete nothing"),
  ours("push of a light tag", "tag light", "push origin light"),
  ours("push of a heavy tag", "tag -a -m heavy heavy", "push origin heavy"),
  ours("push --tags", "tag one", "tag -a -m two two", "push --tags origin"),
  ours("push --follow-tags", "tag -a -m two two", "push --follow-tags origin main"),
  ours("push of a tag that is there", "tag -f v1", "push origin v1"),
  ours("push --force of a tag", "tag -f v1", "push --force origin v1"),
  ours("push that deletes a tag", "push origin :refs/tags/v1"),
  ours("push --atomic", "push --atomic origin main main:two"),
  both("push --atomic of which one is refused", "push --atomic origin main main:two"),
  both("push of two of which one is refused", "push origin main main:two"),
  ours("push --all", "branch more", "push --all origin"),
  ours("push --prune", "push --prune origin refs/heads/*:refs/heads/*"),
  ours("push of a renamed branch", "branch -m main trunk", "push origin trunk :topic"),
  ours("push of an orphan", "checkout -q --orphan alone", "commit -q -m alone", "push origin alone"),
  ours(
    "push of an octopus",
    "branch o1 HEAD~1",
    "merge -q --no-ff --no-edit -s ours origin/topic v1",
    "push origin main",
  ),
  ours("push -s ignored when signing is off", "push --no-signed origin main"),
  ours("push of a commit with --signoff", "commit -q --amend --signoff --no-edit", "push origin main"),
  ours("push of a commit by its id", "push origin HEAD:refs/heads/by-id"),
  ours("push of what is no ref", "push origin nothing"),
  ours("push of a tree", "push origin HEAD^{tree}:refs/heads/tree"),
  ours("push of a tag of a tree", "push origin HEAD^{tree}:refs/tags/tree"),
  ours("push of a broken name", "push origin main:refs/heads/a..b"),
  ours(
    "push --thin of nothing but a merge",
    "merge -q --no-ff --no-edit origin/topic",
    "push --thin origin main",
  ),
  {
    name: "push that upstream's pre-receive refuses",
    run: hookRefuses("pre-receive", "echo protected >&2; exit 1", "push origin main"),
  },
  {
    name: "push of which upstream's update refuses one",
    run: hookRefuses("update", '[ "$1" != refs/heads/two ]', "push --porcelain origin main main:two"),
    sameOutput: true,
  },
  ours(
    "push from a shallow clone",
    "clone -q --depth=1 URL ../s",
    "-C ../s commit -q --allow-empty -m more",
    "-C ../s push origin main",
  ),
  ours(
    "push from a partial clone",
    "clone -q --filter=blob:none URL ../p",
    "-C ../p commit -q --allow-empty -m more",
    "-C ../p push origin main",
  ),
];

const REFUSED_HERE = "only refs/heads and refs/tags exist in the gate";
const DIFFERENT: readonly Operation[] = [
  {
    name: "push of notes",
    run: afterCommit("notes add -m note", "push origin refs/notes/commits"),
    differs: REFUSED_HERE,
    codeInGate: 1,
  },
  {
    name: "push --mirror of other refs",
    run: afterCommit("update-ref refs/x/y HEAD", "push origin refs/x/y"),
    differs: REFUSED_HERE,
    codeInGate: 1,
  },
  {
    name: "push --push-option that is off",
    run: afterCommit("push -o ci.skip origin main"),
    differs: "push options are off unless the policy allows them",
    codeInGate: 1,
  },
  {
    name: "archive --remote",
    run: git("archive --remote=URL HEAD"),
    differs: "only fetch and push are served; over http, git itself has no other",
    codeInGate: 128,
  },
];

export const OPERATIONS: readonly Operation[] = [...CLONES, ...FETCHES, ...PUSHES, ...DIFFERENT];
