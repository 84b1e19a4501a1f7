/**
 * A credential that an upstream makes on request, as data. Only whole tokens
 * of a known length count: what a model writes about tokens must pass.
 */
export type MintedRule = MintedToken | MintedField;

interface MintedToken {
  readonly id: string;
  /** one of these and then `length` characters of `alphabet` */
  readonly prefixes: readonly string[];
  readonly alphabet: string;
  readonly length: readonly [least: number, most: number];
  /** texts that must be found, with the token in pieces so that no scanner takes this file for a leak */
  readonly hits: readonly string[];
  /** texts that look alike and must pass */
  readonly misses: readonly string[];
}

/** A field of JSON or XML whose value is a credential, whatever it looks like. */
interface MintedField {
  readonly id: string;
  readonly fields: readonly string[];
  readonly hits: readonly string[];
  readonly misses: readonly string[];
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
const WORD = `${LETTERS}${DIGITS}`;
/** a made-up run of `length` letters and digits */
const run = (length: number): string => "k7Qw2ZxV9mTr4LpN8cBs5HdY1gFj6KaE3uRtW0".repeat(6).slice(0, length);

export const mintedRules: readonly MintedRule[] = [
  {
    id: "github-token",
    prefixes: ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
    alphabet: `${WORD}_.-`,
    length: [36, 2048],
    hits: [`{"token":"gh${"s_"}${run(36)}"}`, `access_token=gh${"o_"}${run(36)}&scope=repo`],
    misses: ["ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ghs_short", `ghp_${run(20)}`],
  },
  {
    id: "github-fine-grained-token",
    prefixes: ["github_pat_"],
    alphabet: `${WORD}_`,
    length: [82, 255],
    hits: [`github_${"pat_"}${run(22)}_${run(59)}`],
    misses: ["github_pat_11AAAAAAA", `github_pat_${"x".repeat(82)}`],
  },
  {
    id: "gitlab-token",
    prefixes: ["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-"],
    alphabet: `${WORD}_.-`,
    length: [20, 300],
    hits: [`{"token":"glp${"at-"}${run(20)}"}`],
    misses: ["glpat-xxxxxxxxxxxxxxxxxxxx", "glpat-short"],
  },
  {
    id: "anthropic-key",
    prefixes: ["sk-ant-api03-", "sk-ant-admin01-", "sk-ant-oat01-", "sk-ant-ort01-", "sk-ant-sid01-"],
    alphabet: `${WORD}_-`,
    length: [80, 300],
    hits: [`{"key":"sk-${"ant-"}oat01-${run(95)}"}`],
    misses: ["sk-ant-api03-...", `sk-ant-api03-${"X".repeat(95)}`, "sk-ant-api03-your-key-here"],
  },
  {
    id: "openai-key",
    prefixes: ["sk-proj-", "sk-svcacct-", "sk-admin-"],
    alphabet: `${WORD}_-`,
    length: [48, 300],
    hits: [`{"value":"sk-${"proj-"}${run(74)}T3BlbkFJ${run(74)}"}`],
    misses: ["sk-proj-abc", `sk-proj-${"x".repeat(60)}`],
  },
  {
    id: "slack-token",
    prefixes: ["xoxb-", "xoxp-", "xoxa-", "xoxe-", "xoxe.xoxp-", "xapp-"],
    alphabet: `${WORD}-`,
    length: [40, 300],
    hits: [`{"access":"xo${"xb-"}123456789012-1234567890123-${run(24)}"}`],
    misses: ["xoxb-your-token", "xoxp-123456789012"],
  },
  {
    id: "npm-token",
    prefixes: ["npm_"],
    alphabet: WORD,
    length: [36, 36],
    hits: [`{"token":"np${"m_"}${run(36)}"}`],
    misses: ["npm_config_registry", `npm_${"a".repeat(36)}`, `npm_${run(40)}`],
  },
  {
    id: "pypi-token",
    prefixes: ["pypi-AgE"],
    alphabet: `${WORD}_-`,
    length: [80, 500],
    hits: [`{"token":"py${"pi-"}AgE${run(150)}"}`],
    misses: ["pypi-AgEIcHlwaS5vcmc"],
  },
  {
    id: "huggingface-token",
    prefixes: ["hf_"],
    alphabet: LETTERS,
    length: [34, 34],
    hits: [`h${"f_"}qWeRtYuIoPaSdFgHjKlZxCvBnMqAzWsXeD`],
    misses: ["hf_hub_download", "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"],
  },
  {
    id: "stripe-key",
    prefixes: ["sk_live_", "rk_live_", "whsec_"],
    alphabet: WORD,
    length: [24, 247],
    hits: [`{"secret":"sk_${"live_"}${run(99)}"}`],
    misses: ["sk_live_xxxxxxxxxxxxxxxxxxxxxxxx", "sk_live_key"],
  },
  {
    id: "google-access-token",
    prefixes: ["ya29."],
    alphabet: `${WORD}_.-`,
    length: [60, 2048],
    hits: [`{"token":"ya${"29."}${run(180)}"}`],
    misses: ["ya29.short"],
  },
  {
    id: "digitalocean-token",
    prefixes: ["dop_v1_", "doo_v1_", "dor_v1_"],
    alphabet: `${DIGITS}abcdef`,
    length: [64, 64],
    hits: [`do${"p_v1_"}${"0f1e2d3c4b5a69788796a5b4c3d2e1f0".repeat(2)}`],
    misses: ["dop_v1_token", `dop_v1_${"0".repeat(64)}`],
  },
  {
    id: "docker-hub-token",
    prefixes: ["dckr_pat_", "dckr_oat_"],
    alphabet: `${WORD}_-`,
    length: [27, 40],
    hits: [`{"token":"dckr_${"pat_"}${run(27)}"}`],
    misses: ["dckr_pat_short"],
  },
  {
    id: "credential-field",
    fields: [
      "access_token",
      "refresh_token",
      "id_token",
      "accessToken",
      "refreshToken",
      "SecretAccessKey",
      "secretAccessKey",
      "SessionToken",
      "sessionToken",
      "privateKeyData",
    ],
    hits: [
      `{"access_token":"${run(40)}","expires_in":3600}`,
      `{"refresh_token" : "${run(24)}"}`,
      `<SecretAccessKey>${run(20)}/${run(19)}</SecretAccessKey>`,
      `<SessionToken>${run(180)}==</SessionToken>`,
    ],
    misses: [
      // what a model writes stands in a string of JSON, where quotes are escaped
      `{"text":"{\\"access_token\\":\\"${run(40)}\\"}"}`,
      '{"access_token":"egress-placeholder"}',
      '{"access_token":"<your token>"}',
      '{"access_token_url":"https://example.com/oauth/token"}',
      `{"next_page_token":"${run(40)}"}`,
      `{"access_token":"${"a".repeat(40)}"}`,
    ],
  },
];
