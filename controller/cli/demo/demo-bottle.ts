import type { OutsideContainer } from "../../../local-runtime/docker/outside-container.ts";
import { ALLOWED_HOST, MODEL_HOST } from "./acts.ts";
import type { StandInCertificate } from "./stand-in-certificate.ts";

/** The world as the demonstration's bottle should see it. */
export interface DemoWorld {
  readonly outside: OutsideContainer;
  readonly certificate: StandInCertificate;
  readonly token: string;
  /** whether the model is the real one */
  readonly live: boolean;
}

const SECRET = { name: "claude", key: "oauth-token" };

/** The Secret with the token, bound to where it may go and nowhere else. */
export function demoSecret({ outside, certificate, token, live }: DemoWorld): object {
  const standIn = [`${outside.address}:${outside.port}`, `sha256:${certificate.caFingerprint}`];
  const hosts = live ? [MODEL_HOST] : [MODEL_HOST, ...standIn];
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: SECRET.name, annotations: { "bot-bottle.dev/hosts": hosts.join(",") } },
    stringData: { [SECRET.key]: token },
  };
}

/** The bottle: Claude Code, its API, and one more host. */
export function demoBottle({ outside, certificate, live }: DemoWorld): object {
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
    auth: { scheme: "Bearer", secretRef: SECRET },
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
      provider: { name: "claude", credentialRef: SECRET },
      egress: { routes: live ? [notes] : [model, notes] },
    },
  };
}
