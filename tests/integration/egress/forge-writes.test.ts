import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import { type Answer, request } from "./client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const [GITHUB, UPLOADS, ENTERPRISE, GITLAB, GITEA] = [
  "api.github.com",
  "uploads.github.com",
  "github.example.com",
  "gitlab.example.com",
  "gitea.example.com",
];
const [BITBUCKET, DATA_CENTER, AZURE, CODECOMMIT] = [
  "api.bitbucket.org",
  "bitbucket.example.com",
  "dev.azure.com",
  "codecommit.eu-west-1.amazonaws.com",
];
const FORGES = [GITHUB, UPLOADS, ENTERPRISE, GITLAB, GITEA, "github.com"];
const HOSTS = [...FORGES, BITBUCKET, "bitbucket.org", DATA_CENTER, AZURE, CODECOMMIT];

const REFUSED: readonly [host: string, method: string, path: string][] = [
  [GITHUB, "PUT", "/repos/o/r/contents/.github/workflows/ci.yml"],
  [GITHUB, "DELETE", "/repos/o/r/contents/a"],
  [GITHUB, "PUT", "/repositories/7/contents/a"],
  [GITHUB, "POST", "/repos/o/r/git/refs"],
  [GITHUB, "PATCH", "/repos/o/r/git/refs/heads/main"],
  [GITHUB, "POST", "/repos/o/r/git/blobs"],
  [GITHUB, "POST", "/repos/o/r/git/trees"],
  [GITHUB, "POST", "/repos/o/r/git/commits"],
  [GITHUB, "POST", "/repos/o/r/merges"],
  [GITHUB, "POST", "/repos/o/r/merge-upstream"],
  [GITHUB, "PUT", "/repos/o/r/pulls/3/merge"],
  [GITHUB, "PUT", "/repos/o/r/pulls/3/update-branch"],
  [GITHUB, "POST", "/repos/o/r/branches/a/rename"],
  [GITHUB, "DELETE", "/repos/o/r/branches/main/protection"],
  [GITHUB, "POST", "/repos/o/r/releases"],
  [GITHUB, "POST", "/repos/o/r/dispatches"],
  [GITHUB, "POST", "/repos/o/r/actions/workflows/1/dispatches"],
  [GITHUB, "PUT", "/repos/o/r/actions/secrets/A"],
  [GITHUB, "POST", "/repos/o/r/hooks"],
  [GITHUB, "PATCH", "/repos/o/r"],
  [GITHUB, "POST", "/repos/o/r/forks"],
  [GITHUB, "POST", "/gists"],
  [GITHUB, "POST", "/user/repos"],
  [UPLOADS, "POST", "/repos/o/r/releases/1/assets?name=a"],
  [ENTERPRISE, "PUT", "/api/v3/repos/o/r/contents/a"],
  [GITLAB, "POST", "/api/v4/projects/g%2Fp/repository/files/a"],
  [GITLAB, "PUT", "/api/v4/projects/g%2Fsub%2Fp/repository/files/.gitlab-ci.yml"],
  [GITLAB, "POST", "/api/v4/projects/1/repository/commits"],
  [GITLAB, "POST", "/api/v4/projects/1/repository/branches?branch=a&ref=b"],
  [GITLAB, "POST", "/api/v4/projects/1/repository/tags"],
  [GITLAB, "PUT", "/api/v4/projects/1/merge_requests/2/merge"],
  [GITLAB, "PUT", "/api/v4/suggestions/5/apply"],
  [GITLAB, "POST", "/api/v4/projects/1/pipeline"],
  [GITLAB, "POST", "/api/v4/projects/1/trigger/pipeline"],
  [GITLAB, "POST", "/api/v4/projects/1/variables"],
  [GITLAB, "POST", "/api/v4/projects/1/hooks"],
  [GITLAB, "PUT", "/api/v4/projects/1"],
  [GITLAB, "POST", "/api/v4/projects/1/snippets"],
  [GITLAB, "PUT", "/g/p.git/gitlab-lfs/objects/aa/12"],
  [GITEA, "POST", "/api/v1/repos/o/r/contents/a"],
  [GITEA, "POST", "/sub/api/v1/repos/o/r/contents"],
  [GITEA, "POST", "/api/v1/repos/o/r/diffpatch"],
  [GITEA, "POST", "/api/v1/repos/o/r/branches"],
  [GITEA, "DELETE", "/api/v1/repos/o/r/branches/main"],
  [GITEA, "POST", "/api/v1/repos/o/r/tags"],
  [GITEA, "POST", "/api/v1/repos/o/r/pulls/1/merge"],
  [GITEA, "POST", "/api/v1/repos/o/r/push_mirrors"],
  [GITEA, "PUT", "/api/v1/repos/o/r/actions/secrets/A"],
  [GITEA, "PATCH", "/api/v1/repos/o/r"],
  [GITEA, "PUT", "/o/r.git/info/lfs/objects/aa/12"],
  ["github.com", "POST", "/o/r.git/info/lfs/locks"],
  [GITHUB, "POST", "/repos/o/r/security-advisories/GHSA-1/forks"],
  [GITHUB, "POST", "/agents/repos/o/r/tasks"],
  [GITHUB, "PUT", "/orgs/o/teams/t/repos/o/r"],
  [GITLAB, "POST", "/api/v4/projects/1/merge_trains/merge_requests/2"],
  [GITLAB, "POST", "/api/v4/projects/1/create_ci_config"],
  [GITLAB, "POST", "/api/v4/projects/1/repository/changelog"],
  [GITLAB, "POST", "/api/v4/projects/1/wikis"],
  [GITLAB, "POST", "/api/v4/projects/1/share"],
  [GITLAB, "POST", "/api/v4/import/github"],
  [GITEA, "POST", "/api/v1/repos/o/r/sync_fork/main"],
  [GITEA, "POST", "/api/v1/repos/o/r/git/notes/aa"],
  [BITBUCKET, "POST", "/2.0/repositories/w/r/src"],
  ["bitbucket.org", "POST", "/!api/2.0/repositories/w/r/src"],
  [BITBUCKET, "POST", "/2.0/repositories/w/r/refs/branches"],
  [BITBUCKET, "POST", "/2.0/repositories/w/r/pullrequests/1/merge"],
  [BITBUCKET, "POST", "/2.0/repositories/w/r/branch-restrictions"],
  [BITBUCKET, "PUT", "/2.0/repositories/w/r"],
  [BITBUCKET, "POST", "/2.0/repositories/w/r/forks"],
  [BITBUCKET, "POST", "/2.0/snippets/w"],
  [DATA_CENTER, "PUT", "/rest/api/1.0/projects/P/repos/r/browse/a.txt"],
  [DATA_CENTER, "POST", "/rest/branch-utils/latest/projects/P/repos/r/branches"],
  [DATA_CENTER, "POST", "/rest/api/latest/projects/P/repos/r/pull-requests/1/merge"],
  [DATA_CENTER, "POST", "/rest/git/latest/projects/P/repos/r/pull-requests/1/rebase"],
  [DATA_CENTER, "POST", "/rest/api/latest/projects/P/repos/r"],
  [AZURE, "POST", "/o/p/_apis/git/repositories/r/pushes?api-version=7.1"],
  [AZURE, "POST", "/o/p/_apis/git/repositories/r/refs"],
  [AZURE, "POST", "/o/_apis/git/p/repositories/r/refs"],
  [AZURE, "POST", "/o/p/_apis/git/repositories/r/annotatedtags"],
  [AZURE, "POST", "/o/p/_apis/git/repositories/r/forkSyncRequests"],
  [AZURE, "PATCH", "/o/p/_apis/git/repositories/r/pullrequests/1"],
  [AZURE, "POST", "/o/p/_apis/tfvc/changesets"],
  [AZURE, "PUT", "/o/p/_apis/wiki/wikis/w/pages?path=a"],
  [AZURE, "POST", "/o/_apis/hooks/subscriptions"],
];

const FINE: readonly [host: string, method: string, path: string][] = [
  [GITHUB, "GET", "/repos/o/r/contents/a"],
  [GITHUB, "GET", "/repos/o/r/git/refs/heads/main"],
  [GITHUB, "POST", "/repos/o/r/issues"],
  [GITHUB, "POST", "/repos/o/r/pulls"],
  [GITHUB, "POST", "/repos/o/r/pulls/3/reviews"],
  [GITHUB, "POST", "/repos/o/r/issues/3/comments"],
  [GITHUB, "POST", "/repos/o/r/statuses/aa"],
  [GITHUB, "GET", "/repos/o/r/actions/runs"],
  [GITLAB, "POST", "/api/v4/projects/1/issues"],
  [GITLAB, "POST", "/api/v4/projects/g%2Fp/merge_requests"],
  [GITLAB, "POST", "/api/v4/projects/1/merge_requests/2/notes"],
  [GITEA, "POST", "/api/v1/repos/o/r/issues"],
  [GITEA, "POST", "/api/v1/repos/o/r/pulls"],
  [BITBUCKET, "GET", "/2.0/repositories/w/r/src/main/a"],
  [BITBUCKET, "POST", "/2.0/repositories/w/r/pullrequests"],
  [BITBUCKET, "POST", "/2.0/repositories/w/r/pullrequests/1/comments"],
  [DATA_CENTER, "POST", "/rest/api/latest/projects/P/repos/r/pull-requests"],
  [DATA_CENTER, "POST", "/rest/api/latest/projects/P/repos/r/pull-requests/1/comments"],
  [AZURE, "POST", "/o/p/_apis/git/repositories/r/pullrequests"],
  [AZURE, "POST", "/o/p/_apis/git/repositories/r/pullRequests/1/threads"],
  [AZURE, "POST", "/o/p/_apis/wit/workitems/$Task"],
  ["github.com", "GET", "/o/r.git/info/refs?service=git-upload-pack"],
  ["github.com", "POST", "/o/r.git/git-upload-pack"],
];

const SCANS = ["full", "inject-only"] as const;
const BATCH = "/o/r.git/info/lfs/objects/batch";

describe.each(SCANS)("with the credential of a forge and scan %s", (scan) => {
  let upstream: Upstream;
  let world: World;
  const routes = (auth: EgressRoute["auth"]): EgressRoute[] =>
    HOSTS.map((host) => ({ host, methods: ["*"], scan, ...(auth === undefined ? {} : { auth }) }));
  beforeAll(async () => {
    upstream = await startUpstream();
    world = await startWorld({
      egress: { routes: routes({ secretRef: { name: "cred", key: "token" }, scheme: "token" }) },
      secrets: [aSecret("the-real-credential-of-this-route", ...HOSTS)],
      overrides: Object.fromEntries(HOSTS.map((host) => [`${host}:443`, upstream.port])),
    });
  });
  afterAll(async () => {
    await world.close();
    upstream.close();
  });
  const post = (host: string, path: string, body: string | Buffer, headers = {}): Promise<Answer> =>
    request(world, `https://${host}${path}`, { method: "POST", body, headers });

  it.each(REFUSED)("%s %s %s is refused", async (host, method, path) => {
    const before = upstream.connections();
    const answer = await request(world, `https://${host}${path}`, { method, body: '{"a":1}' });
    expect([answer.status, answer.denied]).toEqual([403, "ForgeWriteRefused"]);
    expect(upstream.connections()).toBe(before);
  });

  it.each(FINE)("%s %s %s passes", async (host, method, path) => {
    expect((await request(world, `https://${host}${path}`, { method })).status).toBe(200);
  });

  it.each([
    ["/repos/o/r/contents/a/"],
    ["/Repos/o/r/Contents/a"],
    ["/repos/o/r/%63ontents/a"],
    ["//repos//o/r/contents/a"],
    ["/repos/o/r/x/../contents/a"],
    ["/repos%2Fo/r/contents/a"],
    ["/repos/o/r/contents;a=b/a"],
  ])("%s is refused as well", async (path) => {
    expect((await request(world, `https://${GITHUB}${path}`, { method: "PUT" })).denied).toBe(
      "ForgeWriteRefused",
    );
  });

  it.each([
    ["an upload", '{"operation":"upload","objects":[]}'],
    ["an upload behind a download", '{"operation":"download","operation":"upload"}'],
    ["an upload before a download", '{"operation":"upload","operation":"download"}'],
    ["an upload in capitals", '{"Operation":"upload"}'],
    ["an upload in escapes", '{"oper\\u0061tion":"uplo\\u0061d"}'],
    ["what is no JSON", "operation=upload"],
    ["no operation", '{"objects":[]}'],
    ["no operation that is text", '{"operation":null,"objects":[]}'],
    ["an operation elsewhere", '{"objects":[{"operation":"download"}]}'],
    ["an empty list", "[]"],
  ])("a batch of LFS with %s is refused", async (_what, body) => {
    expect((await post("github.com", BATCH, body)).denied).toBe("ForgeWriteRefused");
    expect(upstream.seen.filter((seen) => seen.body === body)).toEqual([]);
  });

  it("a batch of LFS that downloads passes", async () => {
    expect((await post("github.com", BATCH, '{"operation":"download","objects":[]}')).status).toBe(200);
  });

  it.each(["utf-16", '"UTF-7"', "utf-8; charset=shift_jis"])(
    "JSON in the charset %s is refused",
    async (charset) => {
      const headers = { "content-type": `application/json; charset=${charset}` };
      const [batch, question] = ['{"operation":"download","objects":[]}', '{"query":"{ a }"}'];
      for (const [host, path, body] of [
        ["github.com", BATCH, batch],
        [GITHUB, "/graphql", question],
      ] as const) {
        const answer = await post(host, path, body, headers);
        expect(answer.denied).toBe("ForgeWriteRefused");
        expect(JSON.parse(answer.body)).toMatchObject({
          because: expect.stringContaining("other than UTF-8"),
        });
      }
    },
  );

  it.each(["PutFile", "CreateCommit", "CreateBranch", "DeleteBranch", "MergePullRequestBySquash"])(
    "CodeCommit's %s is refused, and questions are not",
    async (action) => {
      const target = (name: string) => ({ "x-amz-target": `CodeCommit_20150413.${name}` });
      expect((await post(CODECOMMIT, "/", '{"a":1}', target(action))).denied).toBe("ForgeWriteRefused");
      expect((await post(CODECOMMIT, "/", '{"a":1}', target("GetFile"))).status).toBe(200);
      expect((await post(CODECOMMIT, "/", '{"a":1}', target("CreatePullRequest"))).status).toBe(200);
    },
  );

  const document = (query: string): string => JSON.stringify({ query, variables: { a: 1 } });
  const commit = "mutation($i: I!) { c: createCommitOnBranch(input: $i) { clientMutationId } }";
  it.each([
    ["a commit", GITHUB, "/graphql", document(commit)],
    ["a commit at GitHub Enterprise", ENTERPRISE, "/api/graphql", document(commit)],
    ["a ref", GITHUB, "/graphql", document('mutation { createRef(input:{name:"a"}) { ref { name } } }')],
    ["refs", GITHUB, "/graphql", document("mutation { updateRefs(input: $i) { clientMutationId } }")],
    ["a merge", GITHUB, "/graphql", document("mutation{mergePullRequest(input:$i){clientMutationId}}")],
    ["a merge for later", GITHUB, "/graphql", document("mutation{enablePullRequestAutoMerge(input:$i){a}}")],
    ["a new repository", GITHUB, "/graphql", document("mutation{createRepository(input:$i){a}}")],
    ["a protection", GITHUB, "/graphql", document("mutation{deleteBranchProtectionRule(input:$i){a}}")],
    ["a commit in a list", GITLAB, "/api/graphql", `[${document("{ a }")},${document(commit)}]`],
    ["GitLab's commit", GITLAB, "/api/graphql", document("mutation{commitCreate(input:$i){errors}}")],
    ["GitLab's merge", GITLAB, "/api/graphql", document("mutation{mergeRequestAccept(input:$i){errors}}")],
    ["GitLab's branch", GITLAB, "/api/graphql", document("mutation{createBranch(input:$i){errors}}")],
    [
      "GitLab's settings",
      GITLAB,
      "/api/graphql",
      document("mutation{projectCiCdSettingsUpdate(input:$i){errors}}"),
    ],
    ["escapes", GITHUB, "/graphql", document(commit).replace("createC", "cre\\u0061teC")],
    ["a document that is too long", GITHUB, "/graphql", document(`${"a ".repeat(200_000)}${commit}`)],
    ["a form", GITLAB, "/api/graphql", `query=${encodeURIComponent(commit)}`],
    ["its document in the query", GITLAB, `/api/graphql?query=${encodeURIComponent(commit)}`, "{}"],
  ])("GraphQL with %s is refused", async (_what, host, path, body) => {
    expect((await post(host, path, body)).denied).toBe("ForgeWriteRefused");
    expect(upstream.seen.filter((seen) => seen.body === body)).toEqual([]);
  });

  it("GraphQL that is compressed is read", async () => {
    const headers = { "content-encoding": "gzip" };
    expect((await post(GITHUB, "/graphql", gzipSync(document(commit)), headers)).denied).toBe(
      "ForgeWriteRefused",
    );
  });

  it.each([
    [
      "a question",
      document(
        "query { viewer { login } repository(owner:$o, name:$n) { refs(first: 3) { nodes { name } } } }",
      ),
    ],
    ["a comment", document("mutation { addComment(input: $i) { clientMutationId } }")],
    ["a pull request", document("mutation { createPullRequest(input: $i) { pullRequest { url } } }")],
    [
      "a comment about mutations",
      JSON.stringify({
        query: "mutation($b: String!) { addComment(body: $b) { a } }",
        variables: { b: commit },
      }),
    ],
  ])("GraphQL with %s passes", async (_what, body) => {
    expect((await post(GITHUB, "/graphql", body)).status).toBe(200);
  });

  it("nothing is refused on a route that injects nothing", async () => {
    world.enforce({ routes: routes(undefined) });
    for (const [host, method, path] of REFUSED) {
      expect((await request(world, `https://${host}${path}`, { method })).denied).toBeUndefined();
    }
  });
});
