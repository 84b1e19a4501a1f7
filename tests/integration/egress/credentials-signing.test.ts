import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import { signRequest } from "../../../sidecars/egress/credentials/sigv4.ts";
import { request } from "./client.ts";
import { aSecret, type SeenRequest, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const HOST = "bedrock-runtime.us-east-1.amazonaws.com";
const ACCESS_KEY_ID = "ACCESSKEYOFTHEOWNER";
const SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY";
const SESSION_TOKEN = "FwoGZXIvYXdzEBY/session+token==";
const SECRET = `${ACCESS_KEY_ID}:${SECRET_ACCESS_KEY}:${SESSION_TOKEN}`;
const PLACEHOLDER = "egress-placeholder-0123456789abcdef";
const scope = { region: "us-east-1", service: "bedrock" };

let upstream: Upstream;
let world: World;

beforeAll(async () => {
  upstream = await startUpstream();
  world = await startWorld({ overrides: { [`${HOST}:443`]: upstream.port } });
});

afterAll(async () => {
  await world.close();
  upstream.close();
});

beforeEach(() => {
  upstream.seen.length = 0;
});

function enforce(value: string, route: Partial<EgressRoute> = {}, auth: EgressRoute["auth"] = {}): void {
  const secretRef = { name: "cred", key: "token" };
  const signing = { host: HOST, methods: ["*"], ...route, auth: { sigv4: scope, secretRef, ...auth } };
  world.enforce({ routes: [signing] }, [{ ...aSecret(value, HOST), placeholder: PLACEHOLDER }]);
}

/** The signature that belongs to a request as it arrived; signRequest itself is compared with AWS's library in its own test. */
function signatureFor(seen: SeenRequest): string | undefined {
  const { host, ...others } = seen.headers;
  const { pathname, search } = new URL(seen.url, `https://${HOST}`);
  const time = String(seen.headers["x-amz-date"]);
  const { headers } = signRequest(
    {
      method: seen.method,
      host: String(host),
      path: pathname,
      query: search,
      headers: Object.entries(others).flatMap(([name, value]) => [name, String(value)]),
      body: Buffer.from(seen.body, "latin1"),
    },
    { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY, sessionToken: SESSION_TOKEN },
    { ...scope, now: new Date(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5")) },
  );
  return headers[headers.indexOf("authorization") + 1];
}

/** What a client sends that was given placeholders. */
const ofTheAgent = {
  authorization: `AWS4-HMAC-SHA256 Credential=${PLACEHOLDER}/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=0`,
  "x-amz-date": "20260101T000000Z",
  "x-amz-content-sha256": "stale",
  "x-amz-security-token": PLACEHOLDER,
  "content-type": "application/json",
};

describe("a request to a route that signs", () => {
  it.each([
    ["full", "/model/anthropic.claude-v1%3A0/invoke", "POST", '{"messages":[]}'],
    ["inject-only", "/model/anthropic.claude-v1%3A0/converse-stream", "POST", '{"messages":[]}'],
    ["full", "/foundation-models?byProvider=a+b&a=(1)", "GET", undefined],
  ] as const)("arrives with the owner's signature, with scan %s: %s", async (scan, path, method, body) => {
    enforce(SECRET, { scan });
    const answer = await request(world, `https://${HOST}${path}`, {
      method,
      headers: ofTheAgent,
      ...(body === undefined ? {} : { body }),
    });
    expect(answer.status).toBe(200);
    const [seen] = upstream.seen;
    expect(seen?.headers.authorization).toContain(`Credential=${ACCESS_KEY_ID}/`);
    expect(seen?.headers.authorization).toBe(signatureFor(seen!));
    expect(seen?.headers["x-amz-content-sha256"]).toBe(
      createHash("sha256")
        .update(body ?? "")
        .digest("hex"),
    );
    expect(seen?.headers["x-amz-security-token"]).toBe(SESSION_TOKEN);
    expect(JSON.stringify(seen)).not.toMatch(/egress-placeholder|stale|wJalrXUtnFEMI/);
  });

  it("arrives only with the placeholder as its access key, where the route asks for that", async () => {
    enforce(SECRET, {}, { require: "placeholder" });
    const url = `https://${HOST}/foundation-models`;
    expect((await request(world, url, { headers: ofTheAgent })).status).toBe(200);
    expect((await request(world, url)).denied).toBe("PlaceholderMissing");
    expect(upstream.seen).toHaveLength(1);
  });

  it("never arrives unsigned: a body that is too large to be held is refused", async () => {
    enforce(SECRET, { maxBodyBytes: 4 });
    const answer = await request(world, `https://${HOST}/model/x/invoke`, { method: "POST", body: "12345" });
    expect(answer.denied).toBe("BodyTooLarge");
    expect(upstream.seen).toEqual([]);
  });

  it("never arrives with a signature that the agent asked for in its query", async () => {
    enforce(SECRET);
    const query = `X-Amz-Credential=${PLACEHOLDER}&X-Amz-Signature=0`;
    expect((await request(world, `https://${HOST}/?${query}`)).denied).toBe("CredentialInQuery");
  });

  it.each(["only-one-part", "a:b:c:d", "a::c", "a:b c", ":b"])(
    "ends when the secret has another form: %s",
    async (value) => {
      enforce(value);
      const answer = await request(world, `https://${HOST}/foundation-models`);
      expect(answer.denied).toBe("SecretUnusable");
      expect(answer.body).toContain("ACCESS_KEY_ID:SECRET_ACCESS_KEY");
      expect(upstream.seen).toEqual([]);
    },
  );
});

describe("the parts of a secret that signs", () => {
  it.each([
    ["access key id", ACCESS_KEY_ID],
    ["secret access key", SECRET_ACCESS_KEY],
    ["session token", SESSION_TOKEN],
    ["secret access key in base64", btoa(SECRET_ACCESS_KEY)],
  ])("do not leave in a body: %s", async (_part, text) => {
    enforce(SECRET);
    const answer = await request(world, `https://${HOST}/model/x/invoke`, {
      method: "POST",
      body: `note=${text}`,
    });
    expect(answer.denied).toBe("SecretInBody");
    expect(upstream.seen).toEqual([]);
  });
});
