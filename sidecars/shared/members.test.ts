import { describe, expect, it } from "vitest";
import { Members } from "./members.ts";

describe("members", () => {
  it("are those that came and have not gone, whatever the order they go in", () => {
    const members = new Members<number>();
    const leave = [0, 1, 2, 3, 4].map((each) => members.add(each));
    leave[1]!();
    leave[4]!();
    const five = members.add(5);
    leave[0]!();
    expect([...members].toSorted()).toEqual([2, 3, 5]);
    five();
    leave[2]!();
    leave[3]!();
    expect([...members]).toEqual([]);
  });

  it("go once: one that leaves again takes nobody else with it", () => {
    const members = new Members<string>();
    const leave = members.add("one");
    leave();
    members.add("other");
    leave();
    expect([...members]).toEqual(["other"]);
  });

  it("may go while they are gone through", () => {
    const members = new Members<() => void>();
    const met: number[] = [];
    for (const each of [1, 2, 3]) {
      const leave = members.add(() => {
        met.push(each);
        leave();
      });
    }
    for (const act of members) act();
    expect(met).toEqual([1, 2, 3]);
    expect([...members]).toEqual([]);
  });
});
