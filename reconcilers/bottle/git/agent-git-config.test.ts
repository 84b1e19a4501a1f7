import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileRoutes } from "../../../sidecars/wire/compile-egress.ts";
import { compileRemotes } from "../../../sidecars/wire/compile-git.ts";
import { agentGitConfig } from "./agent-git-config.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bb-git-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Urls = Readonly<Record<string, string>>;

function configOf(urls: Urls, hosts: readonly string[] = []): string {
  return agentGitConfig(undefined, {
    remotes: compileRemotes({ remotes: Object.entries(urls).map(([name, url]) => ({ name, url })) }),
    routes: compileRoutes({ routes: hosts.map((host) => ({ host })) }),
  });
}

/** what git itself would connect to, with this configuration as the agent's */
function resolved(config: string, urls: readonly string[]): Urls {
  const path = join(folder, "config");
  writeFileSync(path, config);
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    GIT_CONFIG_GLOBAL: path,
    GIT_CONFIG_NOSYSTEM: "1",
  };
  return Object.fromEntries(
    urls.map((url) => {
      const { stdout, stderr } = spawnSync("git", ["ls-remote", "--get-url", url], {
        cwd: folder,
        env,
        encoding: "utf8",
      });
      return [url, `${stdout}${stderr}`.trimEnd()];
    }),
  );
}

const everywhere = (name: string, urls: readonly string[]): Urls =>
  Object.fromEntries(
    urls.map((url) => [url, `http://git-gate:9420/${name}.git${url.endsWith("/") ? "/" : ""}`]),
  );
const unchanged = (urls: readonly string[]): Urls => Object.fromEntries(urls.map((url) => [url, url]));

describe("what git makes of every spelling of a remote", () => {
  const withAndWithoutSuffix = (...urls: readonly string[]): string[] =>
    urls.flatMap((url) => [url, `${url}.git`, `${url}/`, `${url}.git/`]);

  it.each<{ url: string; spellings: string[] }>([
    {
      url: "ssh://git@git.example.com/team/app.git",
      spellings: withAndWithoutSuffix(
        ...["ssh", "git+ssh", "ssh+git"].flatMap((scheme) => [
          `${scheme}://git@git.example.com/team/app`,
          `${scheme}://git.example.com/team/app`,
          `${scheme}://git@git.example.com:22/team/app`,
          `${scheme}://git.example.com:22/team/app`,
        ]),
        "git@git.example.com:team/app",
        "git.example.com:team/app",
        "git@git.example.com:/team/app",
        "git.example.com:/team/app",
        "https://git.example.com/team/app",
        "http://git.example.com/team/app",
        "git://git.example.com/team/app",
      ),
    },
    {
      url: "git@Git.Example.com:team/app",
      spellings: withAndWithoutSuffix(
        "git@Git.Example.com:team/app",
        "git@git.example.com:team/app",
        "git@git.example.com:/team/app",
        "git@git.example.com:~/team/app",
        "ssh://git@git.example.com/~/team/app",
        "ssh://git@git.example.com/team/app",
        "https://git.example.com/team/app",
      ),
    },
    {
      url: "ssh://deploy@[2001:db8::1]:2222/srv/app.git",
      spellings: withAndWithoutSuffix(
        "ssh://deploy@[2001:db8::1]:2222/srv/app",
        "ssh://[2001:db8::1]:2222/srv/app",
        "ssh://deploy@[2001:db8::1]/srv/app",
        "deploy@[2001:db8::1]:/srv/app",
        "https://[2001:db8::1]/srv/app",
      ),
    },
    {
      url: "ssh://git.example.com/~me/app",
      spellings: withAndWithoutSuffix(
        "ssh://git.example.com/~me/app",
        "ssh://git@git.example.com/~me/app",
        "git.example.com:~me/app",
        "git@git.example.com:~me/app",
      ),
    },
    {
      url: "https://git.example.com:8443/team/app.git",
      spellings: withAndWithoutSuffix(
        "https://git.example.com:8443/team/app",
        "https://git.example.com/team/app",
        "http://git.example.com/team/app",
        "git://git.example.com/team/app",
        "git@git.example.com:team/app",
        "ssh://git@git.example.com/team/app",
        "ssh://git.example.com/team/app",
      ),
    },
  ])("$url leads to the gate", ({ url, spellings }) => {
    expect(resolved(configOf({ app: url }), spellings)).toEqual(everywhere("app", spellings));
  });
});

describe("what is not the remote", () => {
  const urls = { app: "ssh://git@git.example.com/team/app.git" };
  const others = [
    "https://git.example.com/team/app2",
    "https://git.example.com/team/app2.git",
    "https://git.example.com/team/app-tools.git",
    "https://git.example.com/team/app.js",
    "https://git.example.com/team/app.github.io",
    "https://git.example.com/team/app.git-old",
    "https://git.example.com/team/App",
    "https://git.example.com/team",
    "https://git.example.com/team/other.git",
    "https://git.example.com.evil.example/team/app",
    "http://git.example.com/team/app_1.git",
    "https://other.example.com/team/app.git",
    "git@other.example.com:team/app.git",
    "git@git.example.com:other/app.git",
    "/home/node/team/app",
  ];

  it("stays what it is, on a host that a route leads to", () => {
    expect(resolved(configOf(urls, ["git.example.com"]), others)).toEqual(unchanged(others));
    expect(resolved(configOf(urls, ["*.example.com"]), others)).toEqual(unchanged(others));
  });

  it("never leads to a remote of that name, whatever it begins with", () => {
    const names = ["app2", "app-tools", "app.js", "app.github.io", "app.git-old", "apps"];
    const spelt = names.flatMap((name) => [
      `git@git.example.com:team/${name}.git`,
      `ssh://git@git.example.com/team/${name}`,
      `https://git.example.com/team/${name}`,
    ]);

    for (const reached of Object.values(resolved(configOf(urls), spelt))) {
      // the gate has no such name
      expect(reached).toMatch(/^http:\/\/git-gate:9420\/app\.git[^/]+$/);
    }
  });

  it("leads to another remote when it is one: the longest spelling wins", () => {
    const both = {
      ...urls,
      tools: "git@git.example.com:team/app-tools",
      io: "https://git.example.com/team/app.github.io",
    };
    const config = configOf(both, ["git.example.com"]);

    expect(
      resolved(config, ["https://git.example.com/team/app-tools.git", "git@git.example.com:team/app-tools"]),
    ).toEqual(
      everywhere("tools", [
        "https://git.example.com/team/app-tools.git",
        "git@git.example.com:team/app-tools",
      ]),
    );
    expect(resolved(config, ["https://git.example.com/team/app.github.io"])).toEqual(
      everywhere("io", ["https://git.example.com/team/app.github.io"]),
    );
    expect(resolved(config, ["https://git.example.com/team/app"])).toEqual(
      everywhere("app", ["https://git.example.com/team/app"]),
    );
  });
});

describe("remotes that share spellings", () => {
  it("each have what is surely theirs: port, home and root", () => {
    const config = configOf({
      port: "ssh://git@git.example.com:2222/team/app",
      root: "ssh://git@git.example.com/team/app",
      home: "git@git.example.com:team/app",
    });

    expect(
      resolved(config, [
        "ssh://git@git.example.com:2222/team/app.git",
        "ssh://git@git.example.com/team/app.git",
        "git@git.example.com:/team/app.git",
        "git@git.example.com:team/app.git",
        "https://git.example.com/team/app",
      ]),
    ).toEqual({
      "ssh://git@git.example.com:2222/team/app.git": "http://git-gate:9420/port.git",
      "ssh://git@git.example.com/team/app.git": "http://git-gate:9420/root.git",
      "git@git.example.com:/team/app.git": "http://git-gate:9420/root.git",
      "git@git.example.com:team/app.git": "http://git-gate:9420/home.git",
      // nobody's for sure, so the first one's
      "https://git.example.com/team/app": "http://git-gate:9420/port.git",
    });
  });

  it("lead to the first when they are one repository", () => {
    const url = "https://git.example.com/team/app";

    expect(resolved(configOf({ read: url, write: url }), [url])).toEqual(everywhere("read", [url]));
  });
});

describe("the file", () => {
  it("is small where no route leads to the host", () => {
    const config = configOf({ app: "git@git.example.com:team/app.git" });

    expect(config.split("\n").length).toBeLessThan(80);
  });

  it("is empty without an author and remotes", () => {
    expect(configOf({})).toBe("");
  });
});
