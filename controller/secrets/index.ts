/** The edge of the secrets: where values come from, and the CA of each bottle. */
export { createCertificateAuthorities } from "./certificate-authorities.ts";
export { Feed, type FeedSource, isSameFeed } from "./feed.ts";
export { readFeeds, recordFeed, removeFeeds } from "./feed-file.ts";
export { readFeed } from "./read-feed.ts";
export { splitSecret } from "./split-secret.ts";
export { createSecretVault, type SecretVault } from "./vault.ts";
