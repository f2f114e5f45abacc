import t from "tap";
import { agentPath, parseAgentWord } from "./agent-reference.ts";

t.test("parseAgentWord() takes names with and without a kind", (t) => {
  t.strictSame(parseAgentWord("a-1"), { plural: undefined, name: "a-1" });
  for (const kind of ["ta", "taskagent", "TaskAgents"]) {
    t.strictSame(parseAgentWord(`${kind}/a`), { plural: "taskagents", name: "a" });
  }
  t.strictSame(parseAgentWord("process/a"), { plural: "processes", name: "a" });
  for (const word of ["", "/", "a/b", "ta/", "ta/a/b", "A", "..", "ta/..", "a b", "a\u001b"]) {
    t.throws(() => parseAgentWord(word), RangeError, word);
  }
  t.end();
});

t.test("agentPath() is below the agent's namespace", (t) => {
  const path = agentPath({ namespace: "team", plural: "processes", name: "a" }, "logs");
  t.equal(path, "/apis/clrk.apoxy.dev/v1alpha1/namespaces/team/processes/a/logs");
  t.end();
});
