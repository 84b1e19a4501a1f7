import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SHIPPO, PushRepository, rulesOf } from "./git-push-kit.ts";

let repository: PushRepository;
beforeEach(() => void (repository = new PushRepository()));
afterEach(() => repository[Symbol.dispose]());

describe("a file of nothing but line ends", () => {
  it("is refused or read, and takes no more memory than the scanner may have", async () => {
    const to = repository.commit({ files: { a: "\n".repeat(15_000_000) } });

    const rules = rulesOf(await repository.inspect({ to }));

    expect([[], ["ScannerUnavailable"]]).toContainEqual(rules);
  });
});

describe("a push larger than gitleaks reads at once", () => {
  const filler = "words that fill a line of a file\n".repeat(40_000);
  const files = (at: number): Record<string, string> =>
    Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [
        `f${index}`,
        `${index}\n${filler}${index === at ? `first\nit is ${SHIPPO} now\n` : ""}`,
      ]),
    );

  it.each([0, 29])(
    "is read whole: file %s",
    async (at) => {
      const verdict = await repository.inspect({ to: repository.commit({ files: files(at) }) });

      expect(rulesOf(verdict)).toEqual(["shippo-api-token"]);
      expect(JSON.stringify(verdict)).toContain(`path f${at}, line 40003`);
    },
    60_000,
  );
});
