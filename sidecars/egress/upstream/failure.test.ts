import { describe, expect, it } from "vitest";
import { failureOf, failureStatus } from "./failure.ts";

const withCode = (code: string): Error => Object.assign(new Error("quotes something"), { code });

describe("failureOf", () => {
  it.each([
    ["ENOTFOUND", "UpstreamNameNotFound", 502],
    ["ECONNREFUSED", "UpstreamRefused", 502],
    ["ENETUNREACH", "UpstreamUnreachable", 502],
    ["ETIMEDOUT", "UpstreamTimeout", 504],
    ["UND_ERR_HEADERS_TIMEOUT", "UpstreamTimeout", 504],
    ["UND_ERR_SOCKET", "UpstreamClosed", 502],
    ["CERT_HAS_EXPIRED", "UpstreamTlsExpired", 502],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "UpstreamTlsNameMismatch", 502],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "UpstreamTlsUntrusted", 502],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "UpstreamTlsFailed", 502],
    ["HPE_INVALID_CONSTANT", "UpstreamProtocolError", 502],
    ["SOMETHING_ELSE", "UpstreamFailed", 502],
  ])("reads %s as %s", (code, failure, status) => {
    expect(failureOf(withCode(code))).toBe(failure);
    expect(failureStatus(failureOf(withCode(code)))).toBe(status);
  });

  it("looks into what failed at several addresses", () => {
    expect(failureOf(new AggregateError([withCode("ECONNREFUSED"), withCode("ETIMEDOUT")]))).toBe(
      "UpstreamRefused",
    );
  });
});
