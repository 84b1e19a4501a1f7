import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { RuntimeUnavailableError } from "../../../reconcilers/contract/errors.ts";
import { ImageBuildError } from "../image-engine.ts";
import type { CustomizeRequest, ImageEngine } from "../image-engine.ts";
import { findProductRoot } from "../product-root.ts";
import { aBaseRecipe } from "../recipe.ts";
import { makeBase } from "./make-base.ts";

const recipe = aBaseRecipe({ suite: "trixie", packages: ["git", "curl"] }, []);
const follow = { onLine: () => undefined, signal: new AbortController().signal };

const make = (engine: Partial<ImageEngine>, hostCaFile?: string) =>
  makeBase(
    recipe,
    {
      engine: {
        find: () => Promise.resolve(undefined),
        removeLeftover: () => Promise.resolve(),
        ...engine,
      } as ImageEngine,
      productRoot: findProductRoot(),
      workFolder: "/nowhere",
      debianImage: "debian:trixie-slim",
      hostCaFile,
    },
    follow,
  );

// An engine of another architecture than any machine's: debootstrap is then out of the question.
const cannotBootstrap: Partial<ImageEngine> = { architecture: () => Promise.resolve("s390") };

describe("makeBase", () => {
  it("installs the list of packages on Debian's image where a registry answers", async () => {
    let asked: CustomizeRequest | undefined;
    const customize: ImageEngine["customize"] = async (request) => {
      asked = request;
      await buffer(request.files);
      return "sha256:made";
    };
    expect(await make({ pull: () => Promise.resolve(), customize })).toBe("sha256:made");
    expect(asked?.image).toBe("debian:trixie-slim");
    expect(asked?.argv).toEqual(["/tmp/bot-bottle/install.sh", "git", "curl"]);
  });

  it("says what either way lacks", async () => {
    const pull = () => Promise.reject(new ImageBuildError("no such host"));
    const failed = make({ ...cannotBootstrap, pull });
    await expect(failed).rejects.toThrow(/no such host[^]*debootstrap, which needs root/);
  });

  it("does not take an engine that went away for a registry that does not answer", async () => {
    const pull = () => Promise.reject(new RuntimeUnavailableError("gone"));
    await expect(make({ pull })).rejects.toThrow(RuntimeUnavailableError);
  });

  it("hands the host's CA to the container beside the script that removes it", async () => {
    let archive = "";
    const customize: ImageEngine["customize"] = async ({ files }) => {
      archive = (await buffer(files)).toString("latin1");
      return "sha256:made";
    };
    await make({ pull: () => Promise.resolve(), customize }, join(findProductRoot(), "LICENSE"));
    expect(archive).toContain("tmp/bot-bottle/ca.pem");
    expect(archive).toContain("Apache License");
  });
});
