import { HOME_PATH, PROMPT_PATH, WORKSPACE_PATH } from "../shared/agent-paths.ts";
import type { Provider, ProviderFacts, ProviderFile } from "./provider.ts";

const VERSION = "2.1.197";

/** Claude Code. */
export const claude: Provider = {
  name: "claude",
  version: VERSION,
  argv: {
    base: ["claude", "--dangerously-skip-permissions", "--append-system-prompt-file", PROMPT_PATH],
    resume: ["--continue"],
    resumeSession: ["--resume"],
    run: ["-p"],
    json: ["--output-format", "json"],
  },
  environment: ({ model }) => ({
    // the CLI refuses to start without a token; the real one is put in by the egress proxy
    CLAUDE_CODE_OAUTH_TOKEN: "egress-placeholder",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_ERROR_REPORTING: "1",
    // it is not in the home, where the CLI would look for it and warn on every screen
    DISABLE_INSTALLATION_CHECKS: "1",
    DISABLE_AUTOUPDATER: "1",
    ...(model === undefined ? {} : { ANTHROPIC_MODEL: model }),
  }),
  homeFiles: (facts) => [settings(facts)],
  routes: [
    {
      host: "api.anthropic.com",
      ports: [443],
      methods: ["GET", "POST", "HEAD"],
      paths: ["/v1/messages", "/api/claude_code/"],
      scan: "inject-only",
    },
  ],
  credentialScheme: "Bearer",
  checks: [{ name: "provider", argv: ["claude", "--version"], outputIncludes: VERSION }],
};

/** Every question that the CLI asks at its first start is answered; nobody sits there to do it. */
function settings({ display: { label, color } }: ProviderFacts): ProviderFile {
  const trusted = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true, allowedTools: [] };
  const content = {
    hasCompletedOnboarding: true,
    lastOnboardingVersion: VERSION,
    theme: "dark",
    bypassPermissionsModeAccepted: true,
    autoUpdates: false,
    ...(label === undefined ? {} : { name: label }),
    ...(color === undefined ? {} : { color }),
    projects: { [HOME_PATH]: trusted, [WORKSPACE_PATH]: trusted },
  };
  return { path: ".claude.json", content: `${JSON.stringify(content, undefined, 2)}\n`, mode: 0o600 };
}
