import { describe, expect, it } from "vitest";
import { EgressRoute } from "../../crds/egress-route.ts";
import { compileRoutes } from "../../sidecars/wire/compile-egress.ts";
import { attachArgv, providerNamed, PROVIDERS, runArgv } from "./index.ts";

const facts = { display: { label: "reviewer", color: "cyan" as const }, model: undefined };
const claude = providerNamed("claude")!;

describe("every provider", () => {
  it.each(PROVIDERS)("$name has valid routes that name a host, methods and paths", ({ routes }) => {
    for (const route of routes) {
      expect(EgressRoute.parse(route)).toEqual(route);
      expect(route.host).not.toContain("*");
      expect(route.methods).not.toContain("*");
      expect(route.paths?.length).toBeGreaterThan(0);
    }
  });

  it.each(PROVIDERS)("$name holds nothing that looks like a real credential", (provider) => {
    const text = JSON.stringify([provider.environment(facts), provider.homeFiles(facts)]);
    expect(text).not.toMatch(/sk-ant|ghp_|BEGIN [A-Z ]*PRIVATE/);
  });

  it.each(PROVIDERS)("$name puts its files below the home", (provider) => {
    for (const { path } of provider.homeFiles(facts)) expect(path).not.toMatch(/^\/|\.\./);
    expect(provider.argv.base.length).toBeGreaterThan(0);
  });
});

describe("claude", () => {
  const prompt = ["--append-system-prompt-file", "/home/node/.bot-bottle-prompt.txt"];
  const base = ["claude", "--dangerously-skip-permissions", ...prompt];

  it.each([
    { what: "attach", argv: attachArgv(claude), more: [] },
    { what: "attach to the newest session", argv: attachArgv(claude, "newest"), more: ["--continue"] },
    { what: "attach to one session", argv: attachArgv(claude, { id: "s1" }), more: ["--resume", "s1"] },
    { what: "run", argv: runArgv(claude, "do it"), more: ["-p", "do it", "--output-format", "json"] },
    {
      what: "run in one session",
      argv: runArgv(claude, "go on", { id: "s1" }),
      more: ["--resume", "s1", "-p", "go on", "--output-format", "json"],
    },
  ])("$what: the argv is complete", ({ argv, more }) => {
    expect(argv).toEqual([...base, ...more]);
  });

  it("sees a placeholder for its token and is told to keep quiet", () => {
    expect(claude.environment({ ...facts, model: "opus" })).toEqual({
      CLAUDE_CODE_OAUTH_TOKEN: "egress-placeholder",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_ERROR_REPORTING: "1",
      DISABLE_INSTALLATION_CHECKS: "1",
      DISABLE_AUTOUPDATER: "1",
      ANTHROPIC_MODEL: "opus",
    });
  });

  it("finds every question of a first start answered", () => {
    const [file] = claude.homeFiles(facts);
    const trusted = { hasTrustDialogAccepted: true };

    expect(file).toMatchObject({ path: ".claude.json", mode: 0o600 });
    expect(JSON.parse(file?.content ?? "")).toMatchObject({
      hasCompletedOnboarding: true,
      theme: "dark",
      bypassPermissionsModeAccepted: true,
      name: "reviewer",
      color: "cyan",
      projects: { "/home/node": trusted, "/home/node/workspace": trusted },
    });
  });

  it("streams to the Messages API and its own settings, over TLS alone", () => {
    expect(compileRoutes({ routes: [...claude.routes] })).toMatchObject([
      {
        host: "api.anthropic.com",
        ports: [443],
        methods: ["GET", "POST", "HEAD"],
        paths: ["/v1/messages", "/api/claude_code/"],
        scan: "inject-only",
      },
    ]);
  });
});

describe("a bare image", () => {
  it("attaches with a shell and brings nothing", () => {
    const none = providerNamed("none")!;
    expect(attachArgv(none)).toEqual(["/bin/sh"]);
    expect([none.routes, none.homeFiles(facts), none.environment(facts)]).toEqual([[], [], {}]);
  });

  it("is not mistaken for an unknown name", () => {
    expect(providerNamed("gpt")).toBeUndefined();
  });
});
