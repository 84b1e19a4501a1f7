import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import { request } from "./client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

/** [where, method, path]: what gives out, exchanges or registers a credential. */
const MINTS: readonly [host: string, method: string, path: string][] = [
  ["api.anthropic.com", "POST", "/api/oauth/claude_cli/create_api_key"],
  ["console.anthropic.com", "POST", "/v1/oauth/token"],
  ["platform.claude.com", "POST", "/v1/oauth/token"],
  ["api.anthropic.com", "POST", "/v1/organizations/api_keys/k1"],
  ["auth.openai.com", "POST", "/oauth/token"],
  ["api.openai.com", "POST", "/v1/organization/admin_api_keys"],
  ["api.openai.com", "POST", "/v1/organization/projects/p/service_accounts"],
  ["api.openai.com", "POST", "/v1/realtime/client_secrets"],
  ["openrouter.ai", "POST", "/api/v1/keys"],
  ["generativelanguage.googleapis.com", "POST", "/v1alpha/auth_tokens"],
  ["oauth2.googleapis.com", "POST", "/token"],
  ["sts.googleapis.com", "POST", "/v1/token"],
  ["iamcredentials.googleapis.com", "POST", "/v1/projects/-/serviceAccounts/a:generateAccessToken"],
  ["iam.googleapis.com", "POST", "/v1/projects/p/serviceAccounts/a/keys"],
  ["sts.amazonaws.com", "GET", "/?Action=AssumeRole"],
  ["sts.eu-west-1.amazonaws.com", "POST", "/"],
  ["iam.amazonaws.com", "POST", "/"],
  ["cognito-identity.us-east-1.amazonaws.com", "POST", "/"],
  ["codeartifact.us-east-1.amazonaws.com", "POST", "/v1/authorization-token?domain=d"],
  ["login.microsoftonline.com", "POST", "/tenant/oauth2/v2.0/token"],
  ["management.azure.com", "POST", "/subscriptions/s/providers/a/storageAccounts/b/listKeys"],
  ["api.github.com", "POST", "/app/installations/12/access_tokens"],
  ["api.github.com", "POST", "/repos/o/r/keys"],
  ["api.github.com", "POST", "/repositories/12/keys"],
  ["api.github.com", "POST", "/user/keys"],
  ["api.github.com", "POST", "/repos/o/r/actions/runners/registration-token"],
  ["github.com", "POST", "/login/oauth/access_token"],
  ["github.com", "POST", "/login/device/code"],
  ["github.example.com", "POST", "/api/v3/app/installations/12/access_tokens"],
  ["gitlab.com", "POST", "/api/v4/projects/g%2Fp/access_tokens"],
  ["gitlab.com", "POST", "/api/v4/projects/12/deploy_keys"],
  ["gitlab.com", "POST", "/api/v4/personal_access_tokens/1/rotate"],
  ["gitlab.com", "POST", "/api/v4/user/personal_access_tokens"],
  ["gitlab.com", "POST", "/api/v4/user/runners"],
  ["gitlab.com", "POST", "/oauth/token"],
  ["code.example.com", "POST", "/gitea/api/v1/users/u/tokens"],
  ["code.example.com", "POST", "/api/v1/repos/o/r/keys"],
  ["code.example.com", "POST", "/login/oauth/access_token"],
  ["registry.npmjs.org", "POST", "/-/npm/v1/tokens"],
  ["registry.npmjs.org", "PUT", "/-/user/org.couchdb.user:u"],
  ["pypi.org", "POST", "/_/oidc/mint-token"],
  ["crates.io", "PUT", "/api/v1/me/tokens"],
  ["auth.docker.io", "GET", "/token?service=registry.docker.io"],
  ["any.example.com", "POST", "/realms/r/protocol/openid-connect/token"],
  ["any.example.com", "POST", "/oauth2/token"],
  ["any.example.com", "POST", "/oauth2/v1/token"],
  ["slack.com", "POST", "/api/oauth.v2.access"],
  ["slack.com", "POST", "/api/apps.connections.open"],
];

const FINE: readonly [host: string, method: string, path: string][] = [
  ["api.anthropic.com", "POST", "/v1/messages"],
  ["api.anthropic.com", "GET", "/v1/organizations/me"],
  ["api.openai.com", "POST", "/v1/responses"],
  ["api.github.com", "GET", "/repos/o/r/keys"],
  ["api.github.com", "POST", "/repos/o/r/issues/1/comments"],
  ["api.github.com", "POST", "/repos/o/token/issues"],
  ["gitlab.com", "POST", "/api/v4/projects/1/issues"],
  ["gitlab.com", "POST", "/api/v4/projects/1/merge_requests/2/notes"],
  ["code.example.com", "POST", "/api/v1/repos/o/r/issues"],
  ["registry.npmjs.org", "GET", "/left-pad"],
  ["any.example.com", "POST", "/tokens/of/monopoly"],
  ["any.example.com", "POST", "/v1/tokenize"],
];

const hosts = [...new Set([...MINTS, ...FINE].map(([host]) => host))];
const routes = (auth: EgressRoute["auth"]): EgressRoute[] =>
  hosts.map((host) => ({ host, methods: ["*"], ...(auth === undefined ? {} : { auth }) }));
const injecting = routes({ secretRef: { name: "cred", key: "token" }, scheme: "Bearer" });

describe("a request that would make a credential", () => {
  let upstream: Upstream;
  let world: World;
  beforeAll(async () => {
    upstream = await startUpstream();
    world = await startWorld({
      egress: { routes: injecting },
      secrets: [aSecret("the-real-credential-of-this-route", ...hosts)],
      overrides: Object.fromEntries(hosts.map((host) => [`${host}:443`, upstream.port])),
    });
  });
  afterAll(async () => {
    await world.close();
    upstream.close();
  });

  it.each(MINTS)("is refused: %s %s %s", async (host, method, path) => {
    const before = upstream.connections();
    const answer = await request(world, `https://${host}${path}`, { method });
    expect([answer.status, answer.denied]).toEqual([403, "MintRefused"]);
    expect(upstream.connections()).toBe(before);
  });

  it.each(FINE)("is not taken for one: %s %s %s", async (host, method, path) => {
    expect((await request(world, `https://${host}${path}`, { method })).status).toBe(200);
  });

  it.each([
    "/app/installations/12/access_tokens/",
    "/App/Installations/12/Access_Tokens",
    "/app/installations/12/%61ccess_tokens",
    "/app/./installations/12/x/../access_tokens",
    "//app//installations/12/access_tokens",
    "/app%2Finstallations/12/access_tokens",
    "/app/installations/12/access_tokens;a=b",
    "/app/installations/12/access_tokens.json",
    "/app/installations/12/%2561ccess_tokens",
    "/app/installations/12/access_tokens?a=b",
    "/user%2Finstallations%2F12%250A",
  ])("is refused as %s", async (path) => {
    expect((await request(world, `https://api.github.com${path}`, { method: "POST" })).denied).toBe(
      "MintRefused",
    );
  });

  it.each([
    ["at its bound passes", 8192, 200],
    ["beyond it is refused before any table is asked", 8193, 414],
  ])("a path %s", async (_what, length, status) => {
    const path = `/${"api/v4/".repeat(2000)}`.slice(0, length);
    expect((await request(world, `https://api.github.com${path}`, { method: "POST" })).status).toBe(status);
  });

  it("is told by its target at AWS", async () => {
    const host = "sts.amazonaws.com";
    expect(hosts).toContain(host);
    const headers = { "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken" };
    world.enforce({ routes: [...injecting, { ...injecting[0]!, host: "api.ecr.us-east-1.amazonaws.com" }] }, [
      aSecret("the-real-credential-of-this-route", "api.ecr.us-east-1.amazonaws.com"),
    ]);
    const url = "https://api.ecr.us-east-1.amazonaws.com/";
    expect((await request(world, url, { method: "POST", headers })).denied).toBe("MintRefused");
  });

  it("is a request as any other on a route that injects nothing", async () => {
    world.enforce({ routes: routes(undefined) });
    for (const [host, method, path] of MINTS) {
      expect((await request(world, `https://${host}${path}`, { method })).denied).toBeUndefined();
    }
  });
});
