/** Unit tests of the sub-command's arguments and of what it finds wrong in its own samples. */
import t from "tap";
import { extprocContenders, findProblems, runExtproc } from "./extproc.ts";
import type { ExtprocSample } from "./extproc-rounds.ts";
import { UsageError } from "./options.ts";

const good: ExtprocSample = {
  case: "bodies",
  contender: "clrk",
  round: 1,
  requests: 100,
  requestsPerSecond: 1_000,
  cpuMicrosPerRequest: { server: 10, client: 20, upstream: 10 },
  p50Ms: 1,
  p99Ms: 2,
  failed: 0,
  otherWork: 0,
  upstreamHandshakes: 0,
  filter: { streams: 100, sent: 600, received: 600, failed: 0 },
  counts: { transactions: 100, metered: 100, records: 100, meteredRecords: 100 },
};
const { counts, filter, ...plain } = good;
const counted = { transactions: 100, metered: 100, records: 100, meteredRecords: 100, ...counts };
const asked = { streams: 100, sent: 600, received: 600, failed: 0, ...filter };

t.test("findProblems() finds work that was not done", async (t) => {
  const rows: { name: string; sample: ExtprocSample; problems: string[] }[] = [
    { name: "all done", sample: good, problems: [] },
    { name: "no account", sample: plain, problems: [] },
    {
      name: "failures",
      sample: { ...good, filter: { ...asked, failed: 3 } },
      problems: ["bodies, clrk, round 2: Envoy counts 3 failures of the server"],
    },
    {
      name: "not asked",
      sample: { ...good, filter: { ...asked, streams: 0 } },
      problems: ["bodies, clrk, round 2: Envoy asked for 0 of 100 requests"],
    },
    {
      name: "no facts",
      sample: { ...good, counts: { ...counted, transactions: 99 } },
      problems: ["bodies, clrk, round 2: facts of 99 of 100 requests"],
    },
    {
      name: "no tokens",
      sample: { ...good, counts: { ...counted, metered: 1, meteredRecords: 1 } },
      problems: [
        "bodies, clrk, round 2: tokens of 1 of 100 requests",
        "bodies, clrk, round 2: records of 1 of 100 requests",
      ],
    },
    {
      name: "no tokens without bodies",
      sample: { ...good, case: "headers", counts: { ...counted, metered: 0, meteredRecords: 0 } },
      problems: [],
    },
    {
      name: "no records",
      sample: { ...good, case: "headers", counts: { ...counted, records: 98 } },
      problems: ["headers, clrk, round 2: records of 98 of 100 requests"],
    },
    {
      name: "records are not wanted",
      sample: {
        ...good,
        contender: "clrk-bare",
        counts: { ...counted, records: 0, meteredRecords: 0 },
      },
      problems: [],
    },
  ];
  for (const { name, problems, sample } of rows) t.same(findProblems([sample]), problems, name);
});

t.test("extprocContenders() lists each once", async (t) => {
  t.same(
    extprocContenders({}).map(({ name }) => name),
    ["clrk", "clrk-bare", "grpc-go", "grpc-js", "none", "direct"],
  );
});

t.test("runExtproc() refuses arguments before it starts anything", async (t) => {
  const rows = [
    { args: ["--case", "quic"], message: /^Cannot run case "quic": it is not known: known are / },
    { args: ["--contender", "nginx"], message: /^Cannot run contender "nginx": / },
    { args: ["--rounds", "0"], message: /^Cannot use --rounds "0": / },
    { args: ["--case", "soak,bodies"], message: /^Cannot run case "soak": / },
    { args: ["now"], message: /./ },
  ];
  for (const { args, message } of rows) {
    await t.rejects(runExtproc(args), { name: "UsageError", message }, args.join(" "));
  }
  t.equal(UsageError.prototype.name, "UsageError");
});
