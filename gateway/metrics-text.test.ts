import t from "tap";
import { readOpenMetrics } from "./testdata/open-metrics.ts";
import type { MetricFamily } from "./metric-family.ts";
import { chooseMetricsForm, encodeMetrics } from "./metrics-text.ts";

const families: readonly MetricFamily[] = [
  {
    kind: "counter",
    name: "clrk_requests",
    help: "Requests \\ of\nall.",
    samples: [
      {
        labels: [
          ["agent", 'a"b\\c\nd,e="f'],
          ["verdict", "allow"],
        ],
        value: 3,
      },
      {
        labels: [
          ["agent", "\ud800x}"],
          ["verdict", ""],
        ],
        value: 1e21,
      },
    ],
  },
  {
    kind: "gauge",
    name: "clrk_age_seconds",
    help: "Age.",
    unit: "seconds",
    samples: [{ labels: [], value: -0.5 }],
  },
  {
    kind: "info",
    name: "clrk_build",
    help: "Build.",
    samples: [{ labels: [["v", "1"]], value: 1 }],
  },
  { kind: "counter", name: "clrk_never", help: "Never.", samples: [] },
  {
    kind: "histogram",
    name: "clrk_time_seconds",
    help: "Times.",
    unit: "seconds",
    samples: [
      { labels: [["tier", "x"]], value: { bounds: [0.5, 1], counts: [2, 0, 1], sum: 7.25 } },
    ],
  },
];

t.test("encodeMetrics() writes what a strict reader reads", async (t) => {
  const read = readOpenMetrics(encodeMetrics(families, "openmetrics"));
  t.strictSame(
    [...read.keys()],
    families.map(({ name }) => name),
  );
  const requests = read.get("clrk_requests");
  t.equal(requests?.help, "Requests \\ of\nall.");
  t.strictSame(
    requests?.samples.map(({ labels, value }) => [labels.get("agent"), value]),
    [
      ['a"b\\c\nd,e="f', 3],
      ["\ufffdx}", 1e21],
    ],
  );
  t.strictSame(
    read
      .get("clrk_time_seconds")
      ?.samples.map(({ name, labels, value }) => [name, labels.get("le"), value]),
    [
      ["clrk_time_seconds_bucket", "0.5", 2],
      ["clrk_time_seconds_bucket", "1", 2],
      ["clrk_time_seconds_bucket", "+Inf", 3],
      ["clrk_time_seconds_count", undefined, 3],
      ["clrk_time_seconds_sum", undefined, 7.25],
    ],
  );
  t.strictSame(read.get("clrk_never")?.samples, []);
});

t.test("encodeMetrics() writes the older form", async (t) => {
  const text = encodeMetrics(families.slice(1, 4), "prometheus");
  t.equal(
    text,
    [
      "# TYPE clrk_age_seconds gauge",
      "# HELP clrk_age_seconds Age.",
      "clrk_age_seconds -0.5",
      "# TYPE clrk_build_info gauge",
      "# HELP clrk_build_info Build.",
      'clrk_build_info{v="1"} 1',
      "# TYPE clrk_never_total counter",
      "# HELP clrk_never_total Never.",
      "",
    ].join("\n"),
  );
});

t.test("the reader refuses what the specification forbids", async (t) => {
  const head = "# TYPE a counter\n# HELP a A.\n";
  for (const [name, text] of [
    ["no end", `${head}a_total 1\n`],
    ["a counter without its suffix", `${head}a 1\n# EOF\n`],
    ["a sample twice", `${head}a_total 1\na_total 2\n# EOF\n`],
    ["a label twice", `${head}a_total{x="1",x="2"} 1\n# EOF\n`],
    ["a comma at the end", `${head}a_total{x="1",} 1\n# EOF\n`],
    ["a quote that is not escaped", `${head}a_total{x="1"2"} 1\n# EOF\n`],
    ["below zero", `${head}a_total -1\n# EOF\n`],
    ["interleaved", `${head}# TYPE b counter\n# HELP b B.\n# UNIT a x\n# EOF\n`],
    ["a foreign unit", "# TYPE a gauge\n# UNIT a seconds\n# HELP a A.\n# EOF\n"],
    [
      "buckets without +Inf",
      '# TYPE a histogram\n# HELP a A.\na_bucket{le="1"} 1\na_count 1\na_sum 1\n# EOF\n',
    ],
    ["an empty line", `${head}\n# EOF\n`],
  ] as const) {
    t.throws(() => readOpenMetrics(text), Error, name);
  }
});

t.test("chooseMetricsForm() gives OpenMetrics only to whoever names it", async (t) => {
  t.equal(chooseMetricsForm(undefined), "prometheus");
  t.equal(chooseMetricsForm("*/*"), "prometheus");
  t.equal(
    chooseMetricsForm("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
    "openmetrics",
  );
});
