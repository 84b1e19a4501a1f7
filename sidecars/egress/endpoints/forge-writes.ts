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
/** The API of bitbucket.org is at the site itself as well. */
const BITBUCKET = /^(?:api\.)?bitbucket\.org$/;
const BITBUCKET_REPOSITORY = "(?:/!?api)?/2\\.0/repositories/[^/]+/[^/]+";
const AZURE_REPOSITORIES = ".*/_apis/git/(?:[^/]+/)?repositories";
/** Gitea, Forgejo */
const GITEA_REPOSITORY = "(?:/.*)?/api/v1/(?:repos/[^/]+/[^/]+|repositories/\\d+)";

const GITHUB_WRITES: readonly Endpoint[] = [
  {
    path: `${GITHUB_REPOSITORY}/(?:contents|git|merges|merge-upstream|import|releases|pulls/\\d+/(?:merge|update-branch))(?:/.*)?`,
    what: CONTENT,
  },
  {
    path: `${GITHUB_REPOSITORY}/(?:actions|branches|dispatches|deployments|environments|rulesets|hooks|collaborators|invitations|pages|properties|tags/protection|transfer|codespaces|automated-security-fixes|dependabot|code-scanning|security-advisories/[^/]+/forks|interaction-limits|lfs)(?:/.*)?`,
    what: SETTINGS,
  },
  { path: GITHUB_REPOSITORY, what: SETTINGS },
  {
    path: `${GITHUB}/(?:orgs|enterprises)/[^/]+/(?:actions|hooks|rulesets|dependabot|properties|teams)/.*`,
    what: SETTINGS,
  },
  { path: `${GITHUB}/agents/repos/.*`, what: CONTENT },
  {
    path: `${GITHUB}/(?:gists(?:/.*)?|user/repos|user/codespaces(?:/.*)?|orgs/[^/]+/repos)|${GITHUB_REPOSITORY}/(?:forks|generate)`,
    what: ANOTHER,
  },
  { host: /^uploads\.github\.com$/, what: ANOTHER },
  { path: "/api/uploads/.*", what: ANOTHER },
];

const GITLAB_WRITES: readonly Endpoint[] = [
  {
    path: `${GITLAB_PROJECT}/(?:repository|merge_requests/\\d+/(?:merge|rebase)|merge_trains|create_ci_config|releases)(?:/.*)?`,
    what: CONTENT,
  },
  { path: "(?:/.*)?/api/v4/suggestions/.*", what: CONTENT },
  {
    path: "(?:/.*)?/api/v4/(?:projects|groups)/.+/(?:pipelines?|pipeline_schedules|trigger|jobs|ci|variables|environments|hooks|protected_\\w+|push_rule|remote_mirrors|deployments|approval\\w*|members|invitations|integrations|services|clusters|cluster_agents|export|import|mirror|share|transfer|archive|unarchive|restore)(?:/.*)?",
    what: SETTINGS,
  },
  { path: "(?:/.*)?/api/v4/projects(?:/(?:[^/]+|user/\\d+|import\\w*|remote-import\\w*))?", what: SETTINGS },
  {
    path: `(?:/.*)?/api/v4/(?:snippets|import|bulk_imports)(?:/.*)?|(?:/.*)?/api/v4/groups/.+/wikis(?:/.*)?|${GITLAB_PROJECT}/(?:snippets|fork|wikis)(?:/.*)?`,
    what: ANOTHER,
  },
];

const GITEA_WRITES: readonly Endpoint[] = [
  {
    path: `${GITEA_REPOSITORY}/(?:contents|diffpatch|git|branches|tags|releases|merge-upstream|sync_fork|convert|pulls/\\d+/(?:merge|update))(?:/.*)?`,
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
    host: BITBUCKET,
    path: `${BITBUCKET_REPOSITORY}/(?:src|refs|commit|pullrequests/\\d+/merge|downloads)(?:/.*)?`,
    what: CONTENT,
  },
  {
    host: BITBUCKET,
    path: `${BITBUCKET_REPOSITORY}(?:/(?:pipelines[\\w-]*|hooks|branch[\\w-]*|override-settings|permissions-config|deployments[\\w-]*|environments)(?:/.*)?)?`,
    what: SETTINGS,
  },
  {
    host: BITBUCKET,
    path: `${BITBUCKET_REPOSITORY}/forks|(?:/!?api)?/2\\.0/snippets(?:/.*)?`,
    what: ANOTHER,
  },
  // Bitbucket Data Center
  {
    path: "(?:/.*)?/rest/[\\w-]+/[^/]+/(?:projects|users)/[^/]+/repos/[^/]+/(?:browse|branches|tags|default-branch|pull-requests/\\d+/(?:merge|auto-merge|rebase))(?:/.*)?",
    what: CONTENT,
  },
  {
    path: "(?:/.*)?/rest/[\\w-]+/[^/]+/(?:projects|users)/[^/]+/repos(?:/[^/]+(?:/(?:permissions|settings|webhooks|hooks|restrictions)(?:/.*)?)?)?",
    what: SETTINGS,
  },
  {
    path: `${AZURE_REPOSITORIES}(?:/[^/]+(?:/(?:pushes|refs|annotatedtags|cherrypicks|reverts|merges|commits|importrequests|forksyncrequests)(?:/.*)?)?)?|.*/_apis/tfvc/changesets`,
    what: CONTENT,
  },
  {
    // a change of the pull request itself may complete it
    path: `.*/_apis/git/(?:.*/)?pullrequests/\\d+`,
    what: CONTENT,
  },
  {
    path: ".*/_apis/(?:build|pipelines|distributedtask|serviceendpoint|policy|release|hooks|security\\w*|accesscontrol\\w*|projects)(?:/.*)?",
    what: SETTINGS,
  },
  { path: ".*/_apis/wiki/.*", what: ANOTHER },
  {
    host: /^codecommit[.-]/,
    target:
      /^codecommit_\d+\.(?:put(?:file|repositorytriggers)|create(?:commit|branch|repository|unreferencedmergecommit)|delete(?:branch|file|repository)|merge(?:branches|pullrequest)|update(?:default|repository|pullrequestapproval))/i,
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

export const LFS_RULES: readonly JsonRule[] = [
  { at: "operation", unless: /^download$/, isRequired: true, what: LFS },
];

/** Of github.com, GitHub Enterprise and GitLab. */
export const GRAPHQL = /^\/graphql\/*$|\/api\/(?:v3\/)?graphql(?:\.json)?\/*$/i;

/** Names are not escaped in GraphQL, and an alias stands beside the name and not for it. */
const MUTATIONS = new RegExp(
  [
    // of GitHub
    "createCommitOnBranch|(?:create|update|delete)(?:Refs?|LinkedBranch)|mergeBranch|mergePullRequest|\\w*PullRequestAutoMerge|\\w*queuePullRequest|updatePullRequestBranch|revertPullRequest",
    "(?:create|update|delete|clone|archive|unarchive|transfer|import)\\w*(?:Repository|Repositories)\\w*|\\w*BranchProtection\\w*|\\w*Ruleset\\w*|(?:create|update|delete|pin)\\w*(?:Deployment|Environment)\\w*",
    // of GitLab
    "commitCreate|createBranch|branchDelete|tag(?:Create|Delete)|mergeTrain\\w+|designManagement(?:Upload|Delete)|mergeRequestAccept|mergeRequestRebase|applySuggestions?|release(?:Create|Update|Delete)",
    "(?:ci|pipeline|job|runner|environment|project|group|namespace|branchRule|protected|admin|security|agent|clusterAgent)\\w*(?:Create|Update|Delete|Destroy|Run|Play|Retry|Set|Add|Remove|Unprotect|Import|Configure|Reset)\\w*|projectSync\\w*|configure\\w+",
    "(?:create|update)Snippet|\\w*(?:Token|Key)(?:Create|Rotate|Add|Reset)|create\\w*(?:Token|Key)",
  ].join("|"),
);

const DOCUMENT = new RegExp(`(?<![\\w])(?:${MUTATIONS.source})(?![\\w])`);

export const GRAPHQL_RULES: readonly JsonRule[] = ["query", "[].query", "queries[].query", "operations"].map(
  (at) => ({ at, when: DOCUMENT, what: CONTENT }),
);
