import type { RemotePolicy } from "../../wire/git-policy.ts";
import type { ObjectFormat } from "../object-format.ts";

/** old repositories have these, and no reader of objects minds */
const HARMLESS = ["zeroPaddedFilemode", "badTimezone", "missingSpaceBeforeDate"];

const FIXED = [
  ["core", ["bare=true", "fsmonitor=false", "logAllRefUpdates=false"]],
  ["http", ["uploadpack=true", "receivepack=true", "getanyfile=false"]],
  ["transfer", ["hideRefs=refs", "hideRefs=!refs/heads", "hideRefs=!refs/tags"]],
  ["fetch", ["fsckObjects=true", "recurseSubmodules=false"]],
  ['fetch "fsck"', HARMLESS.map((name) => `${name}=ignore`)],
  ["fsck", HARMLESS.map((name) => `${name}=ignore`)],
  ["uploadpack", ["allowFilter=true", "allowSidebandAll=true"]],
  ["receive", ["fsckObjects=true", "advertiseAtomic=true", "shallowUpdate=false", "autogc=false"]],
  ["receive", ["denyDeletes=false", "denyDeleteCurrent=ignore", "denyNonFastForwards=false"]],
  ["receive", ["procReceiveRefs=refs/heads", "procReceiveRefs=refs/tags", "updateServerInfo=false"]],
  ["push", ["recurseSubmodules=no", "followTags=false"]],
  // one pack of each push and fetch: its size is known, and many are made one again
  ["transfer", ["unpackLimit=1"]],
  ["gc", ["auto=0"]],
  ["maintenance", ["auto=false"]],
] as const;

/**
 * The whole configuration of a mirror. Only refs/heads and refs/tags exist for a client, both ways; what may be
 * forced or deleted is the policy's and upstream's to say, so git itself refuses neither.
 */
export function mirrorConfig(
  hooksFolder: string,
  { url, push: policy }: RemotePolicy,
  format: ObjectFormat,
): string {
  const sections = [
    ["core", ["repositoryFormatVersion=1"]],
    ["extensions", [`objectFormat=${format}`]],
    ...FIXED,
    // a larger file of a push is refused in the end, and held by nobody before
    ["core", [`hooksPath=${hooksFolder}`, `bigFileThreshold=${policy.maxBlobBytes + 1}`]],
    // of another upstream, nothing in the mirror is to be shown
    ["mirror", [`of=${JSON.stringify(url)}`]],
    [
      "receive",
      [`maxInputSize=${policy.maxInflatedBytes}`, `advertisePushOptions=${policy.allowPushOptions}`],
    ],
  ] as const;
  return sections.map(([section, settings]) => `[${section}]\n\t${settings.join("\n\t")}\n`).join("");
}
