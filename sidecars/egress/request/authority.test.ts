import { describe, expect, it } from "vitest";
import { formatAuthority, normaliseAuthority, normaliseHost } from "./authority.ts";

describe("normaliseHost", () => {
  it.each([
    ["api.example.com", "api.example.com"],
    ["API.Example.COM", "api.example.com"],
    ["api.example.com.", "api.example.com"],
    ["localhost", "localhost"],
    ["under_score.example", "under_score.example"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
    ["127.0.0.1", "127.0.0.1"],
    ["127.0.0.1.", "127.0.0.1"],
    ["127.1", "127.0.0.1"],
    ["2130706433", "127.0.0.1"],
    ["0x7f000001", "127.0.0.1"],
    ["0X7F.1", "127.0.0.1"],
    ["0177.0.0.01", "127.0.0.1"],
    ["[::1]", "::1"],
    ["[0:0:0:0:0:0:0:1]", "::1"],
    ["[::ffff:127.0.0.1]", "127.0.0.1"],
    ["[::FFFF:7F00:1]", "127.0.0.1"],
    ["[2001:DB8::1]", "2001:db8::1"],
  ])("brings %s to its one form %s", (raw, normal) => {
    expect(normaliseHost(raw)).toBe(normal);
  });

  it.each([
    "",
    ".",
    "..",
    "a..b",
    ".a.example",
    "a b",
    "a\tb",
    "user@host",
    "ex%61mple.com",
    "a/b",
    "a\\b",
    "a?b",
    "a#b",
    "bücher.example",
    "ａ.example",
    "xn--",
    "-a.example",
    "a-.example",
    "a*.example",
    "1.2.3.4.5",
    "256.1.1.1",
    "0x100000000",
    "[::1",
    "[fe80::1%eth0]",
    "[1.2.3.4]",
    "[v1.x]",
    `${"a".repeat(64)}.example`,
    `${"a.".repeat(130)}example`,
  ])("takes %j for no host", (raw) => {
    expect(normaliseHost(raw)).toBeUndefined();
  });
});

describe("normaliseAuthority", () => {
  it.each([
    ["a.example", { host: "a.example", port: 443 }],
    ["a.example:8443", { host: "a.example", port: 8443 }],
    ["[::1]:80", { host: "::1", port: 80 }],
    ["[::1]", { host: "::1", port: 443 }],
  ])("reads %s", (raw, authority) => {
    expect(normaliseAuthority(raw, 443)).toEqual(authority);
    expect(normaliseAuthority(formatAuthority(authority), 443)).toEqual(authority);
  });

  it.each([
    "a.example:",
    "a.example:0",
    "a.example:080",
    "a.example:65536",
    "a.example:+1",
    "a.example: 1",
    "::1",
    "::1:80",
    ":443",
    "a:b:1",
  ])("takes %j for none", (raw) => {
    expect(normaliseAuthority(raw, 443)).toBeUndefined();
  });
});
