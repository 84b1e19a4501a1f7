import { expect, it } from "vitest";
import { mirrorIn } from "./mirror.ts";

it.each([
  [
    "Debian oldstable http://mirror.example/debian/\nDebian oldstable-security http://sec.example/x/",
    "http://mirror.example/debian",
  ],
  [
    "Debian stable-updates http://b.example/debian/\nDebian stable http://a.example/debian/",
    "http://a.example/debian",
  ],
  ["Google cloud http://c.example/apt\n", "http://deb.debian.org/debian"],
  ["", "http://deb.debian.org/debian"],
])("finds the main archive in %j", (lines, mirror) => {
  expect(mirrorIn(lines)).toBe(mirror);
});
