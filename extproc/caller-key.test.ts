import t from "tap";
import { identitySeparator } from "../gateway/caller-parts.ts";
import { agentKey, executionKey, invocationKey } from "./caller-key.ts";

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

t.test(
  "the invocation of a caller is that of its run, or what its connection says",
  async (test) => {
    test.equal(
      invocationKey("run:1", () => "i-1"),
      "i-1",
    );
    const none = () => undefined;
    test.equal(invocationKey("run:1", none), "");
    const parts = ["TaskAgent", "default", "a", "uid", "r-1", "i-2"];
    test.equal(invocationKey(parts.join(identitySeparator), none), "i-2");
    test.equal(invocationKey("", none), "");
  },
);
