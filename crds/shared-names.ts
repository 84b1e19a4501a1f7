import { getPublicSuffix } from "tldts";

/**
 * Names below which anybody may have a host of his own, and which the Public Suffix List does not say so of, or which
 * are so common that a kube-apiserver, which has no such list, should refuse them too.
 */
export const SHARED_NAMES = [
  "aliyuncs.com",
  "amazonaws.com",
  "appdomain.cloud",
  "appspot.com",
  "atlassian.net",
  "auth0.com",
  "azure.com",
  "azureedge.net",
  "azurewebsites.net",
  "backblazeb2.com",
  "bitbucket.org",
  "blob.core.windows.net",
  "box.com",
  "cloudflarestorage.com",
  "cloudfront.net",
  "core.windows.net",
  "digitaloceanspaces.com",
  "discord.com",
  "dropbox.com",
  "dropboxusercontent.com",
  "fastly.net",
  "firebaseio.com",
  "fly.dev",
  "force.com",
  "github.com",
  "github.io",
  "githubusercontent.com",
  "gitlab.com",
  "gitlab.io",
  "google.com",
  "googleapis.com",
  "googleusercontent.com",
  "herokuapp.com",
  "icloud.com",
  "live.com",
  "medium.com",
  "myqcloud.com",
  "netlify.app",
  "ngrok.io",
  "notion.site",
  "okta.com",
  "onrender.com",
  "oraclecloud.com",
  "pages.dev",
  "pipedream.net",
  "r2.cloudflarestorage.com",
  "r2.dev",
  "readthedocs.io",
  "run.app",
  "s3.amazonaws.com",
  "salesforce.com",
  "service-now.com",
  "sharepoint.com",
  "slack.com",
  "storage.googleapis.com",
  "substack.com",
  "supabase.co",
  "trycloudflare.com",
  "tumblr.com",
  "vercel.app",
  "vault.azure.net",
  "web.app",
  "webhook.site",
  "windows.net",
  "wordpress.com",
  "workers.dev",
  "zendesk.com",
] as const;

/** of these the names of regions and services below are shared as well */
const SHARED_AT_ANY_DEPTH: readonly string[] = [
  "aliyuncs.com",
  "amazonaws.com",
  "appdomain.cloud",
  "azure.com",
  "myqcloud.com",
  "oraclecloud.com",
  "windows.net",
];

/** Whether a wildcard over this name would let in hosts of people who have nothing to do with each other. */
export function isSharedName(name: string): boolean {
  const lower = name.toLowerCase();
  const suffix = getPublicSuffix(lower, { allowPrivateDomains: true }) ?? "";
  return (
    (suffix === lower && lower.includes(".")) ||
    SHARED_NAMES.some((shared) => shared === lower) ||
    // a name below a longer suffix, such as bucket.s3.amazonaws.com, is somebody's own
    SHARED_AT_ANY_DEPTH.some((shared) => lower.endsWith(`.${shared}`) && suffix.length <= shared.length)
  );
}
