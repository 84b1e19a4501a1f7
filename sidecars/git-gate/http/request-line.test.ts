import { describe, expect, it } from "vitest";
import { readRequestLine } from "./request-line.ts";

describe("a request line", () => {
  it.each(["git-upload-pack", "git-receive-pack"])("asks for what smart HTTP has for %s", (service) => {
    const path = `/app.git/info/refs?service=${service}`;
    expect(readRequestLine("GET", path)).toEqual({ kind: "advertise", name: "app", service });
    expect(readRequestLine("POST", `/app.git/${service}`)).toEqual({ kind: "call", name: "app", service });
  });

  it.each([
    ["GET", "/app.git/info/refs?service=git-upload-archive", 403],
    ["GET", "/app.git/info/refs?service=git-upload-pack\n", 404],
    ["POST", "/app.git/info/refs?service=git-upload-pack", 405],
    ["HEAD", "/app.git/info/refs?service=git-upload-pack", 405],
    ["GET", "/app.git/git-upload-pack", 405],
    ["POST", "/app.git/git-upload-pack?x", 404],
    ["POST", "/app.git/git-upload-archive", 404],
    ["POST", "/a/b.git/git-upload-pack", 404],
    ["POST", "/..git/git-upload-pack", 404],
    ["POST", "/../app.git/git-upload-pack", 404],
    ["POST", "/app.git/../app.git/git-upload-pack", 404],
    ["POST", "/%61pp.git/git-upload-pack", 404],
    ["POST", "/App.git/git-upload-pack", 404],
    ["POST", "http://git-gate/app.git/git-upload-pack", 404],
    ["GET", "/app.git/objects/pack/pack-1.pack", 403],
  ])("%s %s names nothing", (method, target, status) => {
    expect(readRequestLine(method, target)).toMatchObject({ kind: "refused", status });
  });

  it.each([
    "POST /app.git/info/lfs/objects/batch",
    "GET /app.git/info/lfs/locks?x=1",
    "POST /app.git/info/lfs",
  ])("%s is Git LFS's", (line) => {
    const [method = "", target = ""] = line.split(" ");
    expect(readRequestLine(method, target)).toEqual({ kind: "lfs" });
  });
});
