import t from "tap";
import { agentKey, executionKey } from "./caller-key.ts";

t.test("a run is one execution, and its agent is who it is known to be", async (test) => {
  test.equal(executionKey("run:1"), "1");
  test.equal(
    agentKey("run:1", () => "Process/default/a"),
    "Process/default/a",
  );
  test.equal(
    agentKey("run:1", () => undefined),
    "1",
    "a run that nobody knows is an agent of its own",
  );
});

t.test("who proves nothing is one with all others that prove nothing", async (test) => {
  for (const text of ["", "nonsense"]) {
    test.equal(executionKey(text), "");
    test.equal(
      agentKey(text, () => "x"),
      "",
    );
  }
});
