import { describe, expect, it } from "vitest";
import { type SignableRequest, signRequest } from "./sigv4.ts";

const credentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: undefined,
};
const now = new Date("2026-02-03T04:05:06.789Z");
const BEDROCK = "bedrock-runtime.us-east-1.amazonaws.com";

const field = (headers: readonly string[], name: string): string[] =>
  headers.filter((_, index) => index % 2 === 1 && headers[index - 1] === name);

function authorizationOf(
  request: Partial<SignableRequest> & Pick<SignableRequest, "host" | "path">,
  { service = "bedrock", region = "us-east-1", sessionToken = undefined as string | undefined } = {},
): string | undefined {
  const whole = { method: "GET", query: "", headers: [], body: undefined, ...request };
  const { headers } = signRequest(whole, { ...credentials, sessionToken }, { service, region, now });
  const [authorization, ...more] = field(headers, "authorization");
  expect(more).toEqual([]);
  return authorization;
}

/** What botocore 1.44 makes of the same requests. */
describe("a signature is the one that AWS's own library makes", () => {
  it("of a body, a content type and a path with an encoded colon", () => {
    const request = {
      method: "POST",
      host: BEDROCK,
      path: "/model/anthropic.claude-v1%3A0/invoke",
      headers: ["content-type", "application/json"],
      body: Buffer.from('{"a":"b"}'),
    };
    expect(authorizationOf(request)).toBe(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260203/us-east-1/bedrock/aws4_request, " +
        "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, " +
        "Signature=0ba87752ef5bdc6fc271be396c09161d5a66c0fa619c0d4516307b3671a3fa6e",
    );
  });

  it("with a session token", () => {
    const request = { method: "POST", host: BEDROCK, path: "/model/x/converse", body: Buffer.from("{}") };
    expect(authorizationOf(request, { sessionToken: "SESSION/token+x==" })).toBe(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260203/us-east-1/bedrock/aws4_request, " +
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, " +
        "Signature=964b6849bbdee580b333b19483752d7c7a056856f81107b6e99ed6f301a45702",
    );
  });

  it("of empty segments, parameters out of order, and headers that are repeated and padded", () => {
    const request = {
      host: "svc.eu-west-3.amazonaws.com",
      path: "/a//b/",
      query: "?b=2&a=1&a-b=3&a=0%2B",
      headers: ["x-amz-target", "A.B  c ", "x-amz-meta-x", "1", "accept", "*/*", "x-amz-meta-x", "2"],
    };
    expect(authorizationOf(request, { service: "execute-api", region: "eu-west-3" })).toBe(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260203/eu-west-3/execute-api/aws4_request, " +
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-x;x-amz-target, " +
        "Signature=427eabbeb9c55e947f498eff861106efa82cca890ff4cd1ecc39c5fbc6a07f84",
    );
  });

  it("of an object in S3, whose path is encoded once", () => {
    const request = {
      method: "PUT",
      host: "bucket.s3.eu-west-3.amazonaws.com",
      path: "/a%20b//c",
      query: "?acl",
      body: Buffer.from("body"),
    };
    expect(authorizationOf(request, { service: "s3", region: "eu-west-3" })).toBe(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260203/eu-west-3/s3/aws4_request, " +
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date, " +
        "Signature=311780c6d48528d20d514f0b4928398366690172e026867bfef9262b678ddb1a",
    );
  });
});

describe("what is sent with a signature", () => {
  it("holds nothing of another one, however it is spelled", () => {
    const stale = ["authorization", "x-amz-date", "x_amz_date", "x-amz-security-token"];
    const { headers } = signRequest(
      {
        method: "GET",
        host: BEDROCK,
        path: "/",
        query: "",
        headers: ["accept", "*/*", ...stale.flatMap((name) => [name, "stale"])],
        body: undefined,
      },
      credentials,
      { service: "bedrock", region: "us-east-1", now },
    );
    expect(headers).not.toContain("stale");
    expect(field(headers, "accept")).toEqual(["*/*"]);
    expect(field(headers, "x-amz-date")).toEqual(["20260203T040506Z"]);
  });

  it.each([
    ["", ""],
    ["?", ""],
    ["?a", "?a="],
    ["?b=x+y&a=%7e(1)", "?b=x%20y&a=~%281%29"],
    ["?a=%zz", "?a=%25zz"],
  ])("has its query %j in the encoding that is signed: %j", (query, sent) => {
    const request = { method: "GET", host: BEDROCK, path: "/", query, headers: [], body: undefined };
    const scope = { service: "bedrock", region: "us-east-1", now };
    expect(signRequest(request, credentials, scope).query).toBe(sent);
  });
});
