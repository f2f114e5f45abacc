/** Unit tests of the SVG: well-formed, inside its frame, readable in both schemes, nothing unescaped. */
import t from "tap";
import { drawChart } from "./chart.ts";
import type { BenchResults, CaseResult } from "./results.ts";

function result(contender: string, total: number, failed = 0): CaseResult {
  const envoy = contender === "mitmproxy" ? null : total * 0.8;
  return {
    case: "mitm-cold",
    contender,
    rounds: 5,
    cpuMicrosPerRequest: {
      server: total - (envoy ?? 0),
      envoy,
      total,
      client: 20,
      upstream: 10,
    },
    requestsPerSecond: 100,
    p50Ms: total / 100,
    p99Ms: total / 50,
    requests: 100,
    failed,
    otherWork: 0,
    spread: {
      server: null,
      envoy: null,
      total: [total * 0.9, total * 1.1],
      requestsPerSecond: [90, 110],
      p50Ms: [1, 2],
      p99Ms: [1, 2],
    },
  };
}

function chart(cases: readonly CaseResult[], title = "never-seen names"): string {
  const results: BenchResults = {
    machine: { cpuModel: "Fast CPU", cpus: 2, memoryGib: 8, kernel: "Linux 6.1" },
    versions: {},
    options: {},
    absent: {},
    cases,
  };
  return drawChart(results, { titles: new Map([["mitm-cold", title]]), subject: "Of proxies" });
}

function numbers(svg: string, attribute: string): number[] {
  return [...svg.matchAll(new RegExp(` ${attribute}="([^"]*)"`, "g"))].map((match) =>
    Number(match[1]),
  );
}

t.test("drawChart() is well-formed and names its figures", async (t) => {
  const svg = chart([result("clrk-native", 90), result("mitmproxy", 1_553)]);
  t.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="840"/);
  const open = [...svg.matchAll(/<([a-z]+)(?: [^>]*[^/])?>/g)].map((match) => match[1]);
  const close = [...svg.matchAll(/<\/([a-z]+)>/g)].map((match) => match[1]);
  t.same(open.toSorted(), close.toSorted(), "every element is closed");
  t.match(svg, ">1,553 (1,398–1,708)<");
  t.match(svg, ">0.90 / 1.8<");
  t.match(svg, ">mitm-cold: never-seen names<");
  t.notMatch(svg, "failed");
});

t.test("drawChart() shows failures beside the latency", async (t) => {
  t.match(chart([result("none", 90, 12)]), ">0.90 / 1.8, 12 failed<");
});

t.test("drawChart() stays inside its frame and draws no broken number", async (t) => {
  const svg = chart([result("a", 0.001), result("b", 10_000), result("mitmproxy", 99_999)]);
  const height = numbers(svg, "height")[0] ?? 0;
  for (const name of ["x", "y", "width", "height", "x1", "x2", "y1", "y2"]) {
    const limit = name.startsWith("y") || name === "height" ? height : 840;
    t.ok(
      numbers(svg, name).every((value) => value >= 0 && value <= limit),
      name,
    );
  }
  t.notMatch(svg, /NaN|Infinity|undefined/);
  t.notMatch(chart([result("none", 0)]), /NaN|Infinity/, "all zero");
});

t.test("drawChart() has colours for light and dark and no background", async (t) => {
  const svg = chart([result("none", 90)]);
  t.match(svg, "@media (prefers-color-scheme: dark)");
  const colours = (part = "") => [...part.matchAll(/\.\w+(?= \{)|text(?= \{)/g)].map(String);
  const [light, dark] = svg.split("@media");
  for (const name of new Set(colours(dark))) t.ok(colours(light).includes(name), name);
  t.notMatch(svg, /<rect class=""/);
  const classes = new Set([...svg.matchAll(/class="([a-z]+)"/g)].map((match) => match[1]));
  for (const name of classes) t.match(svg, `.${name} {`);
});

t.test("drawChart() escapes what a title may hold", async (t) => {
  t.match(chart([result("none", 1)], 'a < b & "c" > d'), "a &lt; b &amp; &quot;c&quot; &gt; d");
});
