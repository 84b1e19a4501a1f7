/** The Kubernetes version whose API is spoken here; kubectl compares it with its own. */
const MAJOR = "1";
const MINOR = "32";

/** What `GET /version` answers. */
export const versionDocument = (productVersion: string): object => ({
  major: MAJOR,
  minor: MINOR,
  gitVersion: `v${MAJOR}.${MINOR}.0+bot-bottle.${productVersion}`,
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: `${process.platform}/${process.arch}`,
});
