/** Unit tests of what is sent to whom, and in which rounds. */
import t from "tap";
import { casesOfRound, extprocCases, takesPart } from "./extproc-cases.ts";
import { encodeChatCall } from "./plain-workload.ts";

const names = (cases: typeof extprocCases) => cases.map(({ name }) => name);
const find = (name: string) => {
  const found = extprocCases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`Cannot find case ${name}`);
  return found;
};

t.test("casesOfRound() goes on with those that need more rounds", async (t) => {
  t.same(names(casesOfRound(extprocCases, 4, 5)), names(extprocCases));
  t.same(names(casesOfRound(extprocCases, 5, 5)), ["latency"]);
  t.same(names(casesOfRound(extprocCases, 8, 5)), ["latency"]);
  t.same(casesOfRound(extprocCases, 9, 5), []);
  t.same(names(casesOfRound(extprocCases, 9, 20)), names(extprocCases));
});

t.test(
  "takesPart() leaves the contender without a proxy to cases that it is the baseline of",
  async (t) => {
    const direct = extprocCases.filter((one) => takesPart(one, { name: "direct" }));
    t.same(names(direct), ["large-body"]);
    t.same(
      names(extprocCases.filter((one) => takesPart(one, { name: "clrk" }))),
      names(extprocCases),
    );
  },
);

t.test("workload() sends bodies of the size that the title says", async (t) => {
  const options = { seconds: 2, connections: 16 };
  const paths = Array.from({ length: 200 }, (_, index) => `/p${index}`);
  const rows = [
    { name: "headers", bytes: 2_048, paths: 200 },
    { name: "bodies", bytes: 2_048, paths: 200 },
    { name: "large-body", bytes: 220 * 1_024, paths: 20 },
  ];
  for (const row of rows) {
    const plan = find(row.name).workload(options, paths);
    t.equal(plan.paths.length, row.paths, row.name);
    const call = encodeChatCall(plan, "/p0").toString();
    const body = call.split("\r\n\r\n")[1] ?? "";
    t.equal(body.length, row.bytes, row.name);
    t.match(call, new RegExp(`\\r\\ncontent-length: ${row.bytes}\\r\\n`), row.name);
    t.equal(JSON.parse(body).model, "gpt-4o-mini", row.name);
  }
});

t.test("workload() asks for events as a stream", async (t) => {
  const plan = find("sse").workload({ seconds: 1, connections: 3 }, ["/p"]);
  t.equal(plan.answer, "events 200 2");
  t.equal(plan.connections, 3);
  const body = encodeChatCall(plan, "/p").toString().split("\r\n\r\n")[1] ?? "";
  t.equal(JSON.parse(body).stream, true);
});
