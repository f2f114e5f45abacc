/** Unit tests of the table: one golden report, and its width with large figures. */
import t from "tap";
import { formatReport } from "./report.ts";
import type { BenchResults, CaseResult } from "./results.ts";

function result(values: Partial<CaseResult>): CaseResult {
  return {
    case: "mitm-keepalive",
    contender: "none",
    rounds: 5,
    cpuMicrosPerRequest: { server: null, envoy: 69.2, total: 69.2, client: 20, upstream: 10 },
    requestsPerSecond: 9_535,
    p50Ms: 1.52,
    p99Ms: 5,
    requests: 95_000,
    failed: 0,
    otherWork: 0,
    spread: {
      server: null,
      envoy: [63, 70],
      total: [63, 70],
      requestsPerSecond: [7_634, 13_560],
      p50Ms: [1.1, 1.6],
      p99Ms: [3.3, 10],
    },
    ...values,
  };
}

function results(values: Partial<BenchResults>): BenchResults {
  return {
    machine: { cpuModel: "Fast CPU", cpus: 2, memoryGib: 8, kernel: "Linux 6.1" },
    versions: { node: "26.0.0" },
    options: { rounds: 5, seconds: 5 },
    absent: {},
    cases: [result({})],
    ...values,
  };
}

const titles = new Map([["mitm-keepalive", "2 KB POST"]]);

t.test("formatReport() prints machine, medians, extremes and failures", async (t) => {
  const text = formatReport(
    results({
      absent: { mockttp: "not installed" },
      cases: [
        result({}),
        result({
          contender: "clrk-native",
          cpuMicrosPerRequest: { server: 5.25, envoy: 80, total: 85.25, client: 1, upstream: 1 },
          failed: 3,
          firstFailure: "Request was answered 503",
          otherWork: 0.41,
        }),
      ],
    }),
    titles,
  );
  t.equal(
    text,
    `Fast CPU, 2 CPUs, 8 GiB, Linux 6.1
rounds 5 · seconds 5
Median over rounds, below it min–max; CPU is user + system time of all threads.

mitm-keepalive: 2 KB POST
                CPU µs/req   server   envoy          req/s    p50 ms    p99 ms
none                    69        -      69          9,535       1.5       5.0
  min–max            63–70                    7,634–13,560   1.1–1.6    3.3–10
clrk-native             85      5.3      80          9,535       1.5       5.0
  min–max            63–70                    7,634–13,560   1.1–1.6    3.3–10
  FAILED 3 of 95,003: Request was answered 503

Failed requests: 3
Left out: mockttp: not installed
Noisy: other work on the machine took up to 41 % of its CPUs.
`,
  );
});

t.test("formatReport() stays within 80 columns when figures are large", async (t) => {
  const large = [100_000, 999_999] as const;
  const text = formatReport(
    results({
      machine: { cpuModel: "x".repeat(90), cpus: 128, memoryGib: 2_048, kernel: "Linux 6.18.44" },
      options: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`option${i}`, 1_000 * i])),
      absent: { mitmproxy: "word ".repeat(40), mockttp: "x".repeat(200) },
      cases: [
        result({
          requestsPerSecond: 999_999,
          failed: 123_456,
          firstFailure: "y".repeat(200),
          spread: {
            server: null,
            envoy: [10_000, 99_999],
            total: [10_000, 99_999],
            requestsPerSecond: large,
            p50Ms: [1_000, 9_999],
            p99Ms: [1_000, 9_999],
          },
        }),
      ],
    }),
    titles,
  );
  for (const line of text.split("\n")) t.ok(line.length <= 80, `${line.length}: ${line}`);
});

t.test("formatReport() says that nothing failed", async (t) => {
  t.match(formatReport(results({}), titles), /\nFailed requests: 0\n$/);
});
