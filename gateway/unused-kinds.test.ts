/** Which kinds a gateway has no use for. */
import t from "tap";
import { kinds } from "../crds/kinds.ts";
import { whyUnused, whyUnwritable } from "./unused-kinds.ts";

t.test("whyUnused() says which kinds are for others, and whose they are", (t) => {
  t.strictSame(
    kinds.filter(({ kind }) => whyUnused(kind) !== undefined).map(({ kind }) => kind),
    ["TaskAgent", "DaemonAgent", "AgentSandboxRevision", "WorkerPool", "CLRKConfig"],
  );
  t.equal(whyUnused("TaskAgent"), "TaskAgent is not used by this process: workers run agents");
  t.end();
});

t.test("whyUnwritable() says which kinds are records", (t) => {
  const records = kinds.flatMap((definition) => whyUnwritable(definition) ?? []);
  t.strictSame(records, [
    "Invocation is a record of what happened, which nobody writes; remove it",
  ]);
  t.end();
});
