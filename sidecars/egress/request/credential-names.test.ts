import { describe, expect, it } from "vitest";
import { credentialParameter, isCredentialField, withoutCredentialProtocols } from "./credential-names.ts";

describe("a header that carries a credential", () => {
  it.each([
    ...["Authorization", "Proxy-Authorization", "Cookie", "Cookie2", "X-Api-Key", "Api-Key", "ApiKey"],
    ...["PRIVATE-TOKEN", "Deploy-Token", "Job-Token", "X-Auth-Token", "X-Access-Token", "X-Vault-Token"],
    ...["X-Goog-Api-Key", "X-Amz-Security-Token", "Ocp-Apim-Subscription-Key", "X-Auth-Key", "X-Auth"],
    ...["X-Api_Key", "PRIVATE_TOKEN", "x_api_key", "X_Auth_Token", "AUTHORIZATION"],
    ...["X-RapidAPI-Key", "DD-API-KEY", "DD-APPLICATION-KEY", "X-Figma-Token", "X-Hasura-Admin-Secret"],
    ...["CF-Access-Client-Secret", "X-Registry-Auth", "X-Sentry-Auth", "npm-otp", "Fastly-Key"],
    ...["X-Shopify-Access-Token", "X-Functions-Key", "X-MS-Authorization-Auxiliary", "X-Password"],
    ...["Signature", "Signature-Input", "X-Ovh-Signature", "DPoP", "Client-Cert", "X-Forwarded-Client-Cert"],
    ...["X-Redmine-API-Key", "X-Parse-Master-Key", "X-Auth-User-Service-Key", "X-JWT", "X-Secret-Key"],
  ])("is %s", (name) => {
    expect(isCredentialField(name)).toBe(true);
  });

  it.each([
    ...["accept", "user-agent", "content-type", "content-encoding", "range", "if-none-match", "origin"],
    ...[
      "idempotency-key",
      "anthropic-version",
      "anthropic-beta",
      "x-app",
      "x-stainless-lang",
      "x-request-id",
    ],
    ...["mcp-session-id", "npm-session", "npm-auth-type", "x-ms-continuation-token", "sec-fetch-site"],
    ...["x-goog-user-project", "x-amz-date", "surrogate-key", "x-amz-server-side-encryption-customer-key"],
  ])("is not %s", (name) => {
    expect(isCredentialField(name)).toBe(false);
  });
});

describe("a parameter that carries a credential", () => {
  it.each([
    ...[
      "key",
      "KEY",
      " key",
      "api_key",
      "apikey",
      "apiKey",
      "access_token",
      "private_token",
      "token",
      "token[]",
      "token[a][]",
    ],
    ...[
      "client_secret",
      "password",
      "pwd",
      "oauth_token",
      "auth",
      "jwt",
      "sig",
      "Signature",
      "AWSAccessKeyId",
    ],
    ...["X-Amz-Credential", "X-Amz-Signature", "X-Goog-Signature", "subscription-key", "refresh_token"],
    ...["auth[token]", "id_token"],
  ])("is %s", (name) => {
    expect(credentialParameter(name)).toBeDefined();
  });

  it.each([
    ...[
      "q",
      "page",
      "keys",
      "keyword",
      "page_token",
      "pageToken",
      "nextPageToken",
      "next_token",
      "syncToken",
    ],
    ...["continuation-token", "continuationToken", "max_tokens", "monkey", "author", "beta", "package"],
  ])("is not %s", (name) => {
    expect(credentialParameter(name)).toBeUndefined();
  });

  it("is told by the part of its name that says so: the rest may be anything", () => {
    expect(credentialParameter("anything-token")).toBe("token");
    expect(credentialParameter("anything_Api_Key")).toBe("api-key");
  });
});

describe("the subprotocols of a WebSocket", () => {
  it.each([
    [
      "realtime, openai-insecure-api-key.sk-mine, openai-beta.realtime-v1",
      "realtime, openai-beta.realtime-v1",
    ],
    ["base64url.bearer.authorization.k8s.io.bWluZQ, v5.channel.k8s.io", "v5.channel.k8s.io"],
    ["graphql-transport-ws, access_token, mine", "graphql-transport-ws"],
    ["Bearer,mine", ""],
    [`mqtt, ${"m".repeat(65)}`, "mqtt"],
    ["graphql-transport-ws, soap, wamp.2.json, ocpp1.6", "graphql-transport-ws, soap, wamp.2.json, ocpp1.6"],
  ])("of %s are sent as %j", (offered, sent) => {
    expect(withoutCredentialProtocols(offered)).toBe(sent);
  });
});
