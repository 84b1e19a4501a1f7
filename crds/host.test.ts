import { describe, expect, it } from "vitest";
import { AddressBlock } from "./address.ts";
import { Host, HostPattern } from "./host.ts";

describe("HostPattern", () => {
  it.each([
    "localhost",
    "api.anthropic.com",
    "API.example.com",
    "xn--bcher-kva.example",
    "my_service.example.com",
    "*.example.com",
    "10.1.2.3",
    "::1",
    "2001:db8::1",
    "::ffff:a",
    `${"a".repeat(63)}.example`,
  ])("accepts %s", (host) => {
    expect(HostPattern.safeParse(host).success).toBe(true);
  });

  it.each([
    ["https://a.example.com/v1", "is a URL", "write a.example.com"],
    ["a.example.com:443", "has a port"],
    ["a.example.com:", "has a port"],
    ["user@a.example.com", "has a user"],
    ["a.example.com/v1", "has a path"],
    ["a.example.com?x", "has a path or a query"],
    ["a.example.com\\x", "has a path"],
    ["a b.example.com", "has a space"],
    ["a.example.com\n", "has a space or a control character"],
    ["a.example.com.", "ends with a dot"],
    ["bücher.example", "has letters beyond ASCII", "write xn--bcher-kva.example"],
    ["аpi.example.com", "has letters beyond ASCII", "write xn--pi-6kc.example.com"],
    ["*", "wildcard"],
    ["*.com", "wildcard"],
    ["*.*.com", "wildcard"],
    ["a*.example.com", "wildcard"],
    ["a.*.example.com", "wildcard"],
    ["[::1]", "has brackets"],
    ["0:0:0:0:0:0:0:1", "not an IPv6 address in its shortest", "write ::1"],
    ["FE80::1", "not an IPv6 address in its shortest"],
    ["fe80::1%eth0", "not an IPv6 address in its shortest"],
    ["::ffff:10.1.2.3", "not an IPv6 address in its shortest"],
    ["::ffff:a01:203", "not an IPv6 address in its shortest"],
    ["a::b::c", "not an IPv6 address"],
    ["2130706433", "odd notation", "write 127.0.0.1"],
    ["0x7f000001", "odd notation", "write 127.0.0.1"],
    ["0177.0.0.1", "odd notation", "write 127.0.0.1"],
    ["127.1", "odd notation", "write 127.0.0.1"],
    ["1.2.3.4.5", "odd notation"],
    ["256.1.1.1", "odd notation"],
    ["a..example.com", "not a host name"],
    ["-a.example.com", "not a host name"],
    ["a-.example.com", "not a host name"],
    [`${"a".repeat(64)}.example`, "not a host name"],
    ["xn--a.example", "not valid punycode"],
  ])("refuses %s with advice of its own: %s", (host, message, hint = "") => {
    const issues = HostPattern.safeParse(host).error?.issues ?? [];
    expect(issues).toHaveLength(1);
    expect(issues[0]?.message).toContain(message);
    expect(issues[0]?.message).toContain(hint);
  });
});

describe("Host", () => {
  it("is one host, never a wildcard", () => {
    expect(Host.safeParse("a.example.com").success).toBe(true);
    expect(Host.safeParse("*.example.com").error?.issues[0]?.message).toContain("is a wildcard");
  });
});

describe("AddressBlock", () => {
  it.each([
    "10.1.2.3",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "10.1.2.3/32",
    "::1",
    "fd00::/8",
    "fc00::/7",
    "fd00::1/128",
  ])("accepts %s", (text) => {
    expect(AddressBlock.safeParse(text).success).toBe(true);
  });

  it.each([
    ["intranet", "neither an IP address nor a CIDR block"],
    ["10.1.2", "neither an IP address"],
    ["010.1.2.3", "neither an IP address"],
    ["10.1.2.3/33", "neither an IP address"],
    ["10.0.0.0/08", "neither an IP address"],
    ["10.0.0.0/8/8", "neither an IP address"],
    ["fe80::1%eth0", "neither an IP address"],
    ["::ffff:10.0.0.0/104", "neither an IP address"],
    ["10.1.2.3/8", "write 10.0.0.0/8 for the block"],
    ["fd00::1/64", "write fd00::/64 for the block"],
    ["0.0.0.0/0", "is wider than any private block"],
    ["::/0", "is wider than any private block"],
  ])("refuses %s: %s", (text, message) => {
    expect(AddressBlock.safeParse(text).error?.issues.map((issue) => issue.message)).toEqual([
      expect.stringContaining(message),
    ]);
  });
});
