import { stringify } from "yaml";
import { readPrivateFile, replacePrivateFile } from "../private-file.ts";

/** Writes the kubeconfig, 0600: the only thing a client needs. Throws UnsafeFileError when one exists that others may read. */
export function writeKubeconfig(
  path: string,
  access: { readonly url: string; readonly caPem: string; readonly token: string },
): void {
  // one that others may read is shown to a person, not replaced
  readPrivateFile(path);
  replacePrivateFile(path, stringify(kubeconfigOf(access)));
}

function kubeconfigOf(access: {
  readonly url: string;
  readonly caPem: string;
  readonly token: string;
}): object {
  const name = "bot-bottle";
  const authority = Buffer.from(access.caPem).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: access.url, "certificate-authority-data": authority } }],
    users: [{ name, user: { token: access.token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: "default" } }],
    "current-context": name,
  };
}
