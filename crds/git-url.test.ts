import { describe, expect, it } from "vitest";
import { type GitAddress, parseGitUrl } from "./git-url.ts";

describe("parseGitUrl", () => {
  const ssh = (fields: Partial<GitAddress>) => ({
    transport: "ssh",
    user: "git",
    host: "git.example.com",
    port: 22,
    path: "/team/app.git",
    ...fields,
  });
  const https = (fields: Partial<GitAddress>) => ({ ...ssh({ port: 443, ...fields }), transport: "https" });

  it.each<[string, object]>([
    ["ssh://git@git.example.com/team/app.git", ssh({})],
    ["ssh://git@Git.Example.com:2222/team/app.git", ssh({ port: 2222 })],
    ["ssh://git.example.com/~me/app", ssh({ user: undefined, path: "~me/app" })],
    ["ssh://git@[2001:DB8::1]:65535/app", ssh({ host: "2001:db8::1", port: 65535, path: "/app" })],
    ["git@git.example.com:team/app.git", ssh({ path: "team/app.git" })],
    ["git@git.example.com:~/app", ssh({ path: "~/app" })],
    ["git.example.com:/srv/app.git", ssh({ user: undefined, path: "/srv/app.git" })],
    ["https://git.example.com/team/app/", https({ user: undefined, path: "/team/app/" })],
    ["https://[::1]:3000/app", https({ user: undefined, host: "::1", port: 3000, path: "/app" })],
  ])("takes %s apart", (url, address) => {
    expect(parseGitUrl(url)).toEqual(address);
  });

  it.each([
    "",
    "app",
    "ssh://git@git.example.com",
    "ssh://git@git.example.com/",
    "ssh://git:hunter2@git.example.com/app",
    "ssh://git@git.example.com:0/app",
    "ssh://git@git.example.com:65536/app",
    "ssh://git@.example.com/app",
    "ssh://git@git..example.com/app",
    "ssh://-oProxyCommand=x/app",
    "ssh://-o@git.example.com/app",
    "ssh://git@git.example.com//app",
    "ssh://git@git.example.com/../app",
    "ssh://git@git.example.com/app/..",
    "ssh://git@git.example.com/a%2fb",
    "ssh://git@git.example.com/app\n",
    "ssh://git@git.example.com/-app",
    "SSH://git@git.example.com/app",
    "git+ssh://git@git.example.com/app",
    "git://git.example.com/app",
    "http://git.example.com/app",
    "https://token@git.example.com/app",
    "https://git.example.com/app?x",
    "https://git.example.com/app#x",
    "file:///srv/app",
    "ext::sh",
    "git.example.com:-app",
    "git.example.com:..",
    "git.example.com:../app",
    "-git.example.com:app",
    "C:\\app",
  ])("refuses %j", (url) => {
    expect(parseGitUrl(url)).toBeUndefined();
  });
});
