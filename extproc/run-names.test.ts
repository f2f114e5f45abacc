/** Unit tests of the names of runs. */
import t from "tap";
import { RunNames } from "./run-names.ts";

t.test("find() gives the agent of a run", async (t) => {
  const names = new RunNames();
  names.add([["run-1", "Process/default/a", "i-1"]]);
  names.add([["run-2", "Process/default/b", "i-1"]]);
  t.equal(names.find("run-1"), "Process/default/a");
  t.equal(names.find("run-2"), "Process/default/b");
  t.equal(names.find("run-3"), undefined);
});

t.test("invocationOf() gives the invocation of a run", async (t) => {
  const names = new RunNames();
  names.add([["run-1", "Process/default/a", "i-1"]]);
  t.equal(names.invocationOf("run-1"), "i-1");
  t.equal(names.invocationOf("run-2"), undefined);
});

t.test("add() forgets first whom nobody asked for", async (t) => {
  const names = new RunNames();
  names.add([
    ["asked", "Process/default/a", "i-1"],
    ["silent", "Process/default/b", "i-1"],
  ]);
  for (let index = 0; index < 40_000; index++) {
    names.add([[`run-${index}`, "Process/default/c", "i-1"]]);
    if (index % 1_000 === 0) names.find("asked");
  }
  t.equal(names.find("asked"), "Process/default/a");
  t.equal(names.find("silent"), undefined);
  t.equal(names.find("run-39999"), "Process/default/c");
});
