/** Unit tests of the command line: fallbacks, and one sentence for each mistake. */
import t from "tap";
import { chooseNames, parseOptions, UsageError } from "./options.ts";
import type { OptionTable } from "./options.ts";

const table: OptionTable = {
  numbers: { rounds: { fallback: 5, min: 1, max: 10 } },
  texts: ["json"],
  switches: ["pin"],
};

t.test("parseOptions() gives fallbacks when nothing is said", async (t) => {
  const options = parseOptions([], table);
  t.equal(options.number("rounds"), 5);
  t.equal(options.text("json"), undefined);
  t.equal(options.isOn("pin"), false);
});

t.test("parseOptions() reads every kind of option", async (t) => {
  const options = parseOptions(["--rounds", "10", "--json=a.json", "--pin"], table);
  t.equal(options.number("rounds"), 10);
  t.equal(options.text("json"), "a.json");
  t.equal(options.isOn("pin"), true);
});

t.test("parseOptions() rejects numbers that are out of range or none", async (t) => {
  for (const text of ["0", "11", "1.5", "1e1", "", "0x5", "1234567890", "five"]) {
    t.throws(
      () => parseOptions(["--rounds", text], table),
      new UsageError(`Cannot use --rounds "${text}": it has to be a whole number from 1 to 10`),
    );
  }
});

t.test("parseOptions() rejects what is not in the table", async (t) => {
  for (const args of [["--what"], ["stray"], ["--json"], ["--pin=yes"]]) {
    t.throws(() => parseOptions(args, table), UsageError, args.join(" "));
  }
  t.throws(
    () => parseOptions([], table).number("constructor"),
    new TypeError('Cannot read option "constructor": it is not defined'),
  );
});

t.test("chooseNames() takes a list or all and refuses what is not known", async (t) => {
  t.same(chooseNames("case", undefined, ["a", "b"]), ["a", "b"]);
  t.same(chooseNames("case", "b", ["a", "b"]), ["b"]);
  for (const list of ["c", "a,c", "", "a,"]) {
    t.throws(() => chooseNames("case", list, ["a", "b"]), { name: "UsageError" }, list);
  }
});
