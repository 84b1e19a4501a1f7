import { expect, it } from "vitest";
import type { HookSocket, LendCredential } from "../hooks/hook-socket.ts";
import { HttpsAccess } from "./https-access.ts";

it("lends its secret for the declared host over https, and for nothing that git was led to", async () => {
  const lent: LendCredential[] = [];
  const hooks = {
    path: "/run/hook.sock",
    lend(give: LendCredential) {
      lent.push(give);
      return { nonce: "n", forget: () => undefined };
    },
  };
  const access = new HttpsAccess({
    ...{ folder: "/run/r", hooksFolder: "/run/hooks", hooks: hooks as unknown as HookSocket },
    ...{ url: "https://git.example.com/app.git", secret: "a-token", caBundle: undefined },
  });
  await access.enter();
  const ask = (protocol: string, host: string) => lent[0]?.(new Map(Object.entries({ protocol, host })));

  expect(ask("https", "git.example.com")).toContain("a-token");
  expect(ask("https", "git.example.com:443")).toContain("a-token");
  for (const host of ["example.com", "git.example.com:8443", "git.example.com.evil", "@git.example.com", ""])
    expect(ask("https", host)).toBeUndefined();
  expect(ask("http", "git.example.com")).toBeUndefined();
});
