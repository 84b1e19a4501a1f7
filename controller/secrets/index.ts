/** The edge of the secrets: where values come from, and the CA of each bottle. */
export { createCertificateAuthorities } from "./certificate-authorities.ts";
export type { Feed, FeedRef } from "./feed.ts";
export { FeedFileError, readFeeds, recordFeed, removeFeeds } from "./feed-file.ts";
export { FeedError, readFeed } from "./read-feed.ts";
export { splitSecret, type SplitSecret } from "./split-secret.ts";
export {
  createSecretVault,
  type SecretVault,
  type SecretVaultDependencies,
  type WrittenSecret,
} from "./vault.ts";
