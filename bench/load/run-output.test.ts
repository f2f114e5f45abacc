/** Unit tests of the line that each measurement writes, and of files in directories that are not there yet. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { RoundSample } from "./rounds.ts";
import { formatProgress, writeOut } from "./run-output.ts";

const sample: RoundSample = {
  case: "bodies",
  contender: "clrk",
  round: 2,
  requests: 100,
  requestsPerSecond: 12_345,
  cpuMicrosPerRequest: { server: 10, envoy: 60, client: 20, upstream: 10 },
  p50Ms: 1,
  p99Ms: 2,
  failed: 0,
  otherWork: 0,
  upstreamHandshakes: 0,
};

t.test("formatProgress() tells CPU, rate and failures", async (t) => {
  t.equal(formatProgress(sample), "round 3  bodies  clrk  70 µs/req, 12,345 req/s");
  const failed = { ...sample, failed: 2, firstFailure: "Request was answered 503" };
  t.match(formatProgress(failed), /req\/s, 2 FAILED: Request was answered 503$/);
});

t.test("writeOut() makes the directories that it needs", async (t) => {
  const file = join(t.testdir({}), "a", "b", "c.json");
  await writeOut(file, "{}\n");
  t.equal(readFileSync(file, "utf8"), "{}\n");
});
