import type { JsonRule } from "../json/json-rules.ts";
import type { Endpoint } from "./endpoint.ts";

const CONTENT = "writes to a repository past git-gate";
const SETTINGS = "changes how a repository is guarded or what it runs";
const ANOTHER = "makes a place for content that git-gate does not see";
const LFS = "uploads with Git LFS, which nothing scans";

/** API v3, at github.com and on GitHub Enterprise; a repository may be named by its number as well. */
const GITHUB = "(?:/api/v3)?";
const GITHUB_REPOSITORY = `${GITHUB}/(?:repos/[^/]+/[^/]+|repositories/\\d+)`;
/** A project of GitLab is a number, or a path whose slashes are encoded or not. */
const GITLAB_PROJECT = "(?:/.*)?/api/v4/projects/.+";
/** Gitea, Forgejo */
const GITEA_REPOSITORY = "(?:/.*)?/api/v1/(?:repos/[^/]+/[^/]+|repositories/\\d+)";

const GITHUB_WRITES: readonly Endpoint[] = [
  {
    path: `${GITHUB_REPOSITORY}/(?:contents|git|merges|merge-upstream|import|releases|pulls/\\d+/(?:merge|update-branch))(?:/.*)?`,
    what: CONTENT,
  },
  {
    path: `${GITHUB_REPOSITORY}/(?:actions|branches|dispatches|deployments|environments|rulesets|hooks|collaborators|invitations|pages|properties|tags/protection|transfer|codespaces|automated-security-fixes|dependabot|code-scanning)(?:/.*)?`,
    what: SETTINGS,
  },
  { path: GITHUB_REPOSITORY, what: SETTINGS },
  {
    path: `${GITHUB}/(?:orgs|enterprises)/[^/]+/(?:actions|hooks|rulesets|dependabot|properties)/.*`,
    what: SETTINGS,
  },
  {
    path: `${GITHUB}/(?:gists(?:/.*)?|user/repos|user/codespaces(?:/.*)?|orgs/[^/]+/repos)|${GITHUB_REPOSITORY}/(?:forks|generate)`,
    what: ANOTHER,
  },
  { host: /^uploads\.github\.com$/, what: ANOTHER },
  { path: "/api/uploads/.*", what: ANOTHER },
];

const GITLAB_WRITES: readonly Endpoint[] = [
  {
    path: `${GITLAB_PROJECT}/(?:repository|merge_requests/\\d+/(?:merge|rebase)|releases)(?:/.*)?`,
    what: CONTENT,
  },
  { path: "(?:/.*)?/api/v4/suggestions/.*", what: CONTENT },
  {
    path: "(?:/.*)?/api/v4/(?:projects|groups)/.+/(?:pipelines?|pipeline_schedules|trigger|jobs|ci|variables|environments|hooks|protected_\\w+|push_rule|remote_mirrors|deployments|approval\\w*|members|invitations|integrations|services|clusters|cluster_agents|export|import|mirror)(?:/.*)?",
    what: SETTINGS,
  },
  { path: "(?:/.*)?/api/v4/projects(?:/(?:[^/]+|user/\\d+|import\\w*|remote-import\\w*))?", what: SETTINGS },
  {
    path: `(?:/.*)?/api/v4/snippets(?:/.*)?|${GITLAB_PROJECT}/(?:snippets|fork)(?:/.*)?`,
    what: ANOTHER,
  },
];

const GITEA_WRITES: readonly Endpoint[] = [
  {
    path: `${GITEA_REPOSITORY}/(?:contents|diffpatch|git|branches|tags|releases|merge-upstream|pulls/\\d+/(?:merge|update))(?:/.*)?`,
    what: CONTENT,
  },
  {
    path: `${GITEA_REPOSITORY}/(?:actions|hooks|push_mirrors|push_mirrors-sync|mirror-sync|branch_protections|tag_protections|collaborators|transfer|teams|topics|avatar)(?:/.*)?`,
    what: SETTINGS,
  },
  { path: GITEA_REPOSITORY, what: SETTINGS },
  { path: "(?:/.*)?/api/v1/(?:orgs/[^/]+|user|admin)/(?:actions|hooks)(?:/.*)?", what: SETTINGS },
  {
    path: `(?:/.*)?/api/v1/(?:user/repos|orgs?/[^/]+/repos|repos/migrate|admin/users/[^/]+/repos)|${GITEA_REPOSITORY}/(?:forks|generate|wiki(?:/.*)?)`,
    what: ANOTHER,
  },
];

const OTHER_WRITES: readonly Endpoint[] = [
  {
    host: /^api\.bitbucket\.org$/,
    path: "/2\\.0/repositories/[^/]+/[^/]+/(?:src|refs|commit|pullrequests/\\d+/merge|downloads|pipelines\\w*|hooks|branch\\w*|deployments\\w*|environments)(?:/.*)?",
    what: CONTENT,
  },
  {
    path: ".*/_apis/(?:git/repositories(?:/[^/]+(?:/(?:pushes|refs|cherrypicks|reverts|merges|commits|importrequests)(?:/.*)?)?)?|build/.*|pipelines/.*|distributedtask/.*|serviceendpoint/.*|policy/.*)",
    what: CONTENT,
  },
];

/** What is asked of GraphQL's documents is in GRAPHQL_RULES, and of LFS's batches in LFS_RULES. */
const LFS_WRITES: readonly Endpoint[] = [
  { path: ".*/info/lfs/(?!objects/batch$).*", what: LFS },
  { path: ".*/gitlab-lfs/objects/.*", what: LFS },
];

/** What changes a repository, or what it runs, without going through git-gate. */
export const FORGE_WRITES: readonly Endpoint[] = [
  ...LFS_WRITES,
  ...GITHUB_WRITES,
  ...GITLAB_WRITES,
  ...GITEA_WRITES,
  ...OTHER_WRITES,
];

export const LFS_BATCH = /\/info\/lfs\/objects\/batch\/*$/i;

export const LFS_RULES: readonly JsonRule[] = [{ at: "operation", unless: /^download$/, what: LFS }];

/** Of github.com, GitHub Enterprise and GitLab. */
export const GRAPHQL = /^\/graphql\/*$|\/api\/(?:v3\/)?graphql(?:\.json)?\/*$/i;

/** Names are not escaped in GraphQL, and an alias stands beside the name and not for it. */
const MUTATIONS = new RegExp(
  [
    // of GitHub
    "createCommitOnBranch|(?:create|update|delete)(?:Refs?|LinkedBranch)|mergeBranch|mergePullRequest|\\w*PullRequestAutoMerge|\\w*queuePullRequest|updatePullRequestBranch|revertPullRequest",
    "(?:create|update|delete|clone|archive|unarchive|transfer|import)\\w*(?:Repository|Repositories)\\w*|\\w*BranchProtection\\w*|\\w*Ruleset\\w*|(?:create|update|delete|pin)\\w*(?:Deployment|Environment)\\w*",
    // of GitLab
    "commitCreate|createBranch|branchDelete|tag(?:Create|Delete)|mergeRequestAccept|mergeRequestRebase|applySuggestions?|release(?:Create|Update|Delete)",
    "(?:ci|pipeline|job|runner|environment|project|group|namespace|branchRule|protected|admin|security|agent|clusterAgent)\\w*(?:Create|Update|Delete|Destroy|Run|Play|Retry|Set|Add|Remove|Unprotect|Import|Configure|Reset)\\w*|projectSync\\w*|configure\\w+",
    "(?:create|update)Snippet|\\w*(?:Token|Key)(?:Create|Rotate|Add|Reset)|create\\w*(?:Token|Key)",
  ].join("|"),
);

const DOCUMENT = new RegExp(`(?<![\\w])(?:${MUTATIONS.source})(?![\\w])`);

export const GRAPHQL_RULES: readonly JsonRule[] = ["query", "[].query", "queries[].query", "operations"].map(
  (at) => ({ at, when: DOCUMENT, what: CONTENT }),
);
