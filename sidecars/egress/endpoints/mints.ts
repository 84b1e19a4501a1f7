import type { Endpoint } from "./endpoint.ts";

const A_TOKEN = "gives out a token";
const A_KEY = "makes or registers a key";

const MODEL_PROVIDERS: readonly Endpoint[] = [
  { host: /\.anthropic\.com$|(?:^|\.)claude\.(?:ai|com)$/, path: ".*/oauth/.*", what: A_TOKEN },
  { host: /\.anthropic\.com$|(?:^|\.)claude\.com$/, path: "/v1/organizations(?:/.*)?", what: A_KEY },
  {
    host: /\.openai\.com$/,
    path: "/v1/organization/(?:admin_api_keys|projects/[^/]+/(?:api_keys|service_accounts)|invites|users)(?:/.*)?",
    what: A_KEY,
  },
  {
    host: /\.openai\.(?:com|azure\.com)$/,
    path: ".*/(?:realtime/(?:sessions|client_secrets|transcription_sessions)|realtimeapi/sessions|chatkit/sessions)",
    what: A_TOKEN,
  },
  { host: /^openrouter\.ai$/, path: "/api/v1/(?:keys|auth/keys)(?:/.*)?", what: A_KEY },
  {
    host: /^generativelanguage\.googleapis\.com$/,
    path: ".*/(?:auth_?tokens|ephemeral_?tokens).*",
    what: A_TOKEN,
  },
];

const CLOUDS: readonly Endpoint[] = [
  {
    host: /^(?:sts|iam|iamcredentials|oauth2|apikeys|serviceusage)\.(?:[\w-]+\.)*googleapis\.com$/,
    what: A_TOKEN,
  },
  {
    host: /^(?:www|accounts)\.google(?:apis)?\.com$/,
    path: "/(?:o/)?oauth2/.*",
    methods: "any",
    what: A_TOKEN,
  },
  {
    host: /^(?:sts|iam|signin|oidc|portal\.sso|cognito-i(?:dp|dentity))(?:-fips)?(?:\.[\w-]+)*\.(?:amazonaws\.com(?:\.cn)?|api\.aws|aws\.amazon\.com)$/,
    methods: "any",
    what: A_TOKEN,
  },
  { host: /\.amazonaws\.com$/, target: /gettoken|getauthorizationtoken|createapikey/i, what: A_TOKEN },
  {
    host: /^codeartifact\..*\.amazonaws\.com$/,
    path: "/v1/authorization-token",
    methods: "any",
    what: A_TOKEN,
  },
  {
    host: /^login\.(?:microsoftonline\.(?:com|us)|windows\.net|live\.com|chinacloudapi\.cn)$/,
    path: ".*/(?:token|devicecode|authorize)",
    methods: "any",
    what: A_TOKEN,
  },
  {
    host: /^management\.(?:azure\.com|usgovcloudapi\.net|chinacloudapi\.cn)$/,
    path: ".*/(?:list\\w*(?:keys?|credentials?|tokens?|secrets?|sas)|regenerate\\w*keys?|generatecredentials|getaccesstoken)",
    what: A_KEY,
  },
  { host: /^graph\.microsoft\.com$/, path: ".*/(?:addpassword|addkey)", what: A_KEY },
  { host: /^api\.cloudflare\.com$/, path: "/client/v4/.*/?(?:tokens|api_keys)(?:/.*)?", what: A_KEY },
  { host: /^api\.vercel\.com$/, path: "/v\\d+/user/tokens(?:/.*)?", what: A_KEY },
];

const FORGES: readonly Endpoint[] = [
  {
    path: "(?:/api/v3)?/(?:app/installations/\\d+/access_tokens|app-manifests/.*|applications/.*|user/installations/.*)",
    what: A_TOKEN,
  },
  {
    path: "(?:/api/v3)?/(?:(?:repos/[^/]+/[^/]+|repositories/\\d+|orgs/[^/]+|enterprises/[^/]+)/actions/runners/.*|.*/(?:registration|remove)-token)",
    what: A_TOKEN,
  },
  {
    path: "(?:/api/v3)?/(?:(?:repos/[^/]+/[^/]+|repositories/\\d+)/keys|user/(?:keys|gpg_keys|ssh_signing_keys|codespaces/secrets))(?:/.*)?",
    what: A_KEY,
  },
  {
    path: "(?:/.*)?/api/v4/(?:.*/)?(?:\\w*access_tokens|deploy_tokens|impersonation_tokens|deploy_keys|user/keys|users/[^/]+/keys|gpg_keys|runners|feature_flags_client_token|reset_\\w*token|triggers|service_accounts|agents/[^/]+/tokens|applications)(?:/.*)?",
    what: A_TOKEN,
  },
  {
    path: "(?:/.*)?/api/v1/(?:users/[^/]+/tokens|user/(?:keys|gpg_keys|applications/oauth2)|repos/[^/]+/[^/]+/keys|admin/users/[^/]+/keys|.*/actions/runners/.*)(?:/.*)?",
    what: A_TOKEN,
  },
  {
    host: /^api\.bitbucket\.org$/,
    path: "/2\\.0/(?:users/[^/]+/ssh-keys|repositories/[^/]+/[^/]+/deploy-keys)(?:/.*)?",
    what: A_KEY,
  },
];

const REGISTRIES: readonly Endpoint[] = [
  {
    host: /^registry\.(?:npmjs\.org|yarnpkg\.com)$|(?:^|\.)npm\./,
    path: "/-/(?:npm/v1/(?:tokens?(?:/.*)?|oidc/.*)|user/.*|v1/login)",
    what: A_TOKEN,
  },
  {
    host: /^(?:(?:test\.)?pypi\.org|upload\.pypi\.org)$/,
    path: "/_/oidc/.*|/manage/.*",
    what: A_TOKEN,
  },
  { host: /^crates\.io$/, path: "/api/v1/(?:me/tokens|trusted_publishing/tokens)(?:/.*)?", what: A_TOKEN },
  {
    host: /^rubygems\.org$/,
    path: "/api/v1/(?:api_key|oidc/.*|profile/.*)",
    methods: "any",
    what: A_KEY,
  },
  {
    host: /^(?:hub\.docker\.com|auth\.docker\.io)$/,
    path: "/(?:v2/(?:users/login.*|access-tokens(?:/.*)?|auth/token)|token)",
    methods: "any",
    what: A_TOKEN,
  },
  { path: "/(?:v2/token|v2/auth|jwt/auth|oauth2/(?:exchange|token))", methods: "any", what: A_TOKEN },
];

const OTHERS: readonly Endpoint[] = [
  {
    path: "(?:/.*)?/(?:oauth2?|oauth2/v\\d|openid-connect|connect|as|oidc)(?:/v?\\d+)?/(?:access_?token|token|token\\.oauth2|device(?:/code|_authorization)?|device/auth|authorize|register|introspect|tokenexchange)",
    what: A_TOKEN,
  },
  {
    path: "/login/(?:oauth/.*|device(?:/.*)?)",
    what: A_TOKEN,
  },
  { path: "/o/token|/oauth/token|/api/oauth\\.[\\w.]+", methods: "any", what: A_TOKEN },
  {
    host: /^(?:\w+\.)?slack\.com$/,
    path: "/api/(?:oauth\\..*|tooling\\.tokens\\..*|apps\\.connections\\.open|auth\\.teams\\..*|openid\\..*)",
    methods: "any",
    what: A_TOKEN,
  },
  { host: /^api\.stripe\.com$/, path: "/v1/(?:ephemeral_keys|oauth/.*|apps/secrets)(?:/.*)?", what: A_KEY },
];

/** Where a credential is made, exchanged or registered: what comes back is a value that nobody here knows. */
export const MINTS: readonly Endpoint[] = [
  ...MODEL_PROVIDERS,
  ...CLOUDS,
  ...FORGES,
  ...REGISTRIES,
  ...OTHERS,
];
