import type { OutsideContainer } from "../../../local-runtime/docker/outside-container.ts";
import { ALLOWED_HOST, MODEL_HOST, REPOSITORY_VARIABLE } from "./acts.ts";
import type { StandInCertificate } from "./stand-in-certificate.ts";
import { type UpstreamPlan, urlOf } from "./upstream/upstream.ts";

/** The world as the demonstration's bottle should see it. */
export interface DemoWorld {
  readonly outside: OutsideContainer;
  /** what has the repository behind the git-gate */
  readonly upstream: OutsideContainer & Pick<UpstreamPlan, "privateKey" | "hostKey">;
  readonly certificate: StandInCertificate;
  readonly token: string;
  /** whether the model is the real one */
  readonly live: boolean;
}

interface KeyOfSecret {
  readonly name: string;
  readonly key: string;
}

const TOKEN: KeyOfSecret = { name: "claude", key: "oauth-token" };
const DEPLOY_KEY: KeyOfSecret = { name: "deploy-key", key: "id_ed25519" };

/** The Secrets with the token and the private key, bound to where each may go and nowhere else. */
export function demoSecrets({ outside, upstream, certificate, token, live }: DemoWorld): readonly object[] {
  const standIn = [`${outside.address}:${outside.port}`, `sha256:${certificate.caFingerprint}`];
  return [
    secret(TOKEN, token, live ? [MODEL_HOST] : [MODEL_HOST, ...standIn]),
    secret(DEPLOY_KEY, upstream.privateKey, [`${upstream.address}:${upstream.port}`]),
  ];
}

const secret = ({ name, key }: KeyOfSecret, value: string, hosts: readonly string[]): object => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, annotations: { "bot-bottle.dev/hosts": hosts.join(",") } },
  stringData: { [key]: value },
});

/** The bottle: Claude Code, its API, one more host, and one repository. */
export function demoBottle({ outside, upstream, certificate, live }: DemoWorld): object {
  const { address, port } = outside;
  const standIn = {
    upstream: { address, port, caBundle: certificate.caPem },
    allowPrivate: [`${address}/32`],
  };
  const model = {
    host: MODEL_HOST,
    ports: [443],
    methods: ["GET", "POST", "HEAD"],
    paths: ["/v1/", "/api/claude_code/"],
    auth: { scheme: "Bearer", secretRef: TOKEN },
    scan: "inject-only",
    ...standIn,
  };
  const notes = { host: ALLOWED_HOST, ports: [443], methods: ["GET", "POST"], ...standIn };
  return {
    apiVersion: "bot-bottle.dev/v1alpha1",
    kind: "Bottle",
    metadata: { name: "demo" },
    spec: {
      display: { label: "demonstration", color: "cyan" },
      provider: { name: "claude", credentialRef: TOKEN },
      env: [{ name: REPOSITORY_VARIABLE, value: urlOf(upstream) }],
      egress: { routes: live ? [notes] : [model, notes] },
      git: {
        user: { name: "Demonstration", email: "agent@demo.example" },
        remotes: [
          {
            name: "app",
            url: urlOf(upstream),
            identity: { secretRef: DEPLOY_KEY },
            knownHost: `[${upstream.address}]:${upstream.port} ${upstream.hostKey}`,
          },
        ],
      },
    },
  };
}
