import { CA_BUNDLE_PATH, CA_PATH, HOME_PATH, JAVA_TRUST_STORE_PATH } from "../shared/agent-paths.ts";
import { placeholderOf } from "../../sidecars/wire/placeholder.ts";
import type { EffectiveBottle } from "./effective-bottle.ts";

const PROXY = "http://egress:9099";
const NO_PROXY = "egress,git-gate,supervise,localhost,127.0.0.1";

/** What makes common tools go through the egress proxy and trust the bottle's CA. */
const LINK: Readonly<Record<string, string>> = {
  HTTP_PROXY: PROXY,
  HTTPS_PROXY: PROXY,
  http_proxy: PROXY,
  https_proxy: PROXY,
  NO_PROXY,
  no_proxy: NO_PROXY,
  // Node's own fetch looks at the variables above only with this
  NODE_USE_ENV_PROXY: "1",
  SSL_CERT_FILE: CA_BUNDLE_PATH,
  REQUESTS_CA_BUNDLE: CA_BUNDLE_PATH,
  CURL_CA_BUNDLE: CA_BUNDLE_PATH,
  GIT_SSL_CAINFO: CA_BUNDLE_PATH,
  PIP_CERT: CA_BUNDLE_PATH,
  // these two add to the roots that a program brings
  NODE_EXTRA_CA_CERTS: CA_PATH,
  CODEX_CA_CERTIFICATE: CA_PATH,
};

/** Every Java reads its options there, and says so on stderr. Options of the Bottle's own stay beside it. */
const JAVA_OPTIONS = "JAVA_TOOL_OPTIONS";
const JAVA_TRUST = `-Djavax.net.ssl.trustStore=${JAVA_TRUST_STORE_PATH}`;

/** Placeholders of secrets, in the variables that routes name for them. */
function placeholders({ fields }: EffectiveBottle, bottleUid: string): Record<string, string> {
  const auths = (fields.egress?.routes ?? []).flatMap(({ auth }) => auth ?? []);
  return Object.fromEntries(
    auths.flatMap(({ env, secretRef }) =>
      env === undefined || secretRef === undefined ? [] : [[env, placeholderOf(bottleUid, secretRef)]],
    ),
  );
}

/** The agent's environment. What belongs to the link wins over the Bottle, which wins over the provider. */
export function desiredEnvironment(effective: EffectiveBottle, bottleUid: string): Record<string, string> {
  const { fields, spec, provider } = effective;
  const facts = { display: spec.display ?? {}, model: fields.provider?.model };
  const own = Object.fromEntries((fields.env ?? []).map(({ name, value }) => [name, value]));
  return {
    HOME: HOME_PATH,
    LANG: "C.UTF-8",
    ...provider.environment(facts),
    ...placeholders(effective, bottleUid),
    ...own,
    ...LINK,
    [JAVA_OPTIONS]: [own[JAVA_OPTIONS], JAVA_TRUST].filter(Boolean).join(" "),
  };
}
