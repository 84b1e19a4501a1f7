export type GitService = "git-upload-pack" | "git-receive-pack";

export type GateRequest =
  | { readonly kind: "advertise" | "call"; readonly name: string; readonly service: GitService }
  | { readonly kind: "lfs" }
  | { readonly kind: "refused"; readonly status: 403 | 404 | 405; readonly because: string };

const ADVERTISE = /^\/([a-z0-9-]+)\.git\/info\/refs\?service=(git-upload-pack|git-receive-pack)$/;
const CALL = /^\/([a-z0-9-]+)\.git\/(git-upload-pack|git-receive-pack)$/;
const DUMB = /^\/[a-z0-9-]+\.git\/(?:HEAD|info\/refs|objects\/.*)(?:\?.*)?$/;
const LFS = /^\/[a-z0-9-]+\.git\/info\/lfs(?:\/.*)?$/;

/**
 * What a request asks for, from its method and target as they came. Only the three endpoints of smart HTTP exist;
 * nothing is decoded or normalised, so a path that needs it names nothing.
 */
export function readRequestLine(method: string, target: string): GateRequest {
  const [, advertised, service] = ADVERTISE.exec(target) ?? [];
  if (advertised !== undefined) {
    if (method !== "GET") return refuse(405, "info/refs is read with GET");
    return { kind: "advertise", name: advertised, service: service as GitService };
  }
  const [, called, asked] = CALL.exec(target) ?? [];
  if (called !== undefined) {
    if (method !== "POST") return refuse(405, `${asked} is called with POST`);
    return { kind: "call", name: called, service: asked as GitService };
  }
  if (LFS.test(target)) return { kind: "lfs" };
  if (DUMB.test(target)) return refuse(403, "files of a repository are not served: use git's smart HTTP");
  return refuse(404, "the gate has /NAME.git for the remotes that are declared, and nothing else");
}

function refuse(status: 403 | 404 | 405, because: string): GateRequest {
  return { kind: "refused", status, because };
}
