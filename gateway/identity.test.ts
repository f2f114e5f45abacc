import t from "tap";
import { tryParseCaller } from "./identity.ts";
import { identitySeparator } from "./caller-parts.ts";

const agent = (parts: readonly string[]) => parts.join(identitySeparator);

t.test("tryParseCaller() reads a run", async (t) => {
  t.strictSame(tryParseCaller("run:abc-1"), { kind: "run", runId: "abc-1" });
});

t.test("tryParseCaller() reads identity TLVs with the kind as text or byte", async (t) => {
  const wanted = {
    kind: "agent",
    agent: {
      kind: "TaskAgent",
      namespace: "team",
      name: "bot",
      uid: "u1",
      revision: "bot-00001",
      invocationId: "i1",
    },
  };
  for (const kind of ["TaskAgent", "\u0001"]) {
    t.strictSame(tryParseCaller(agent([kind, "team", "bot", "u1", "bot-00001", "i1"])), wanted);
  }
  const daemon = tryParseCaller(agent(["\u0000", "team", "bot", "", "", ""]));
  t.match(daemon, { agent: { kind: "DaemonAgent", uid: "", invocationId: "" } });
});

t.test("tryParseCaller() refuses what proves no identity", async (t) => {
  for (const text of [
    "",
    "-",
    "run:",
    "someone",
    agent(["TaskAgent", "", "bot", "", "", ""]),
    agent(["TaskAgent", "team", "", "", "", ""]),
    agent(["TaskAgent", "team", "bot"]),
    agent(["TaskAgent", "team", "bot", "", "", "", "more"]),
  ]) {
    t.equal(tryParseCaller(text), undefined, JSON.stringify(text));
  }
});
