import t from "tap";
import { createPalette } from "./colour.ts";
import { describeRecordsFile, DevNarrator, formatEndpoint } from "./dev-narrator.ts";
import { gatewayWith, objectWith, recordWith, statusWith } from "./testdata/fake-control.ts";

function createNarrator(showsProblems = false) {
  const clock = { nowMs: 0 };
  const narrator = new DevNarrator({
    palette: createPalette({ isTerminal: false, environment: {} }),
    columns: 80,
    workingDirectory: "/",
    now: () => clock.nowMs,
    showsProblems: () => showsProblems,
  });
  return { narrator, clock };
}

const served = "Gateway        default/default · proxy 127.0.0.1:4100 · deny-all · 3 routes";
const hint = "Use it         clrk run -- python my_agent.py";
const problem = { file: "policy/route.yaml", line: 14, field: "spec", message: "is wrong" };

t.test("status() tells once what is served and how to use it", (t) => {
  const { narrator } = createNarrator();
  t.same(narrator.status(statusWith(), { settled: false }), [served, hint]);
  t.same(narrator.status(statusWith(), { settled: true }), []);
  t.same(narrator.event({ kind: "gateway", gateway: gatewayWith() }), []);
  t.end();
});

t.test("status() says that a gateway is not ready only when it had time to be", (t) => {
  const { narrator } = createNarrator();
  const gateway = gatewayWith({ ready: false, reason: "Envoy has not connected yet" });
  const status = statusWith({ gateways: [gateway] });
  t.same(narrator.status(status, { settled: false }), []);
  t.same(narrator.event({ kind: "gateway", gateway }), []);
  t.same(narrator.status(status, { settled: true }), [
    `${served}\nNot ready      Envoy has not connected yet`,
  ]);
  t.end();
});

t.test("problems that stand on a screen are no lines, but their end is", async (t) => {
  const { narrator } = createNarrator(true);
  narrator.status(statusWith({ revision: 1 }), { settled: false });
  t.same(narrator.event({ kind: "problems", revision: 1, problems: [problem] }), []);
  t.match(narrator.event({ kind: "problems", revision: 1, problems: [] }), [
    /^✔ Mended: revision 1/,
  ]);
});

t.test("status() says that nothing is served, once", (t) => {
  const { narrator } = createNarrator();
  const status = statusWith({ gateways: [] });
  t.same(narrator.status(status, { settled: false }), []);
  t.same(narrator.status(status, { settled: true }), [
    "Nothing is served: no EgressGateway in policy, add one",
  ]);
  t.same(narrator.status(status, { settled: true }), []);
  t.end();
});

t.test("status() does not take what is still starting for nothing", async (t) => {
  const { narrator } = createNarrator();
  const starting = statusWith({ gateways: [], revision: 0 });
  t.same(narrator.status(starting, { settled: true }), [], "nothing is compiled yet");
  narrator.objects([objectWith("EgressGateway")]);
  const compiled = statusWith({ gateways: [], revision: 1 });
  t.same(narrator.status(compiled, { settled: true }), [], "its Envoy is on its way");
  narrator.objects([]);
  t.match(narrator.status(compiled, { settled: true }), [/no EgressGateway in policy/]);
});

t.test("event() tells that a mistake is gone, and of the same one again", async (t) => {
  const { narrator } = createNarrator();
  narrator.status(statusWith({ revision: 6 }), { settled: false });
  const tell = (problems: readonly (typeof problem)[]) =>
    narrator.event({ kind: "problems", revision: 6, problems });
  t.same(tell([]), [], "there was none");
  const told = tell([problem]);
  t.equal(told.length, 2);
  t.same(tell([]), ["✔ Mended: revision 6 is what the files say"]);
  t.same(tell([]), []);
  t.same(tell([problem]), told);
});

t.test("event() tells when a gateway changes, and gives the hint only once", (t) => {
  const { narrator } = createNarrator();
  const gateway = gatewayWith({
    transparent: { address: "::1", port: 15_001 },
    routes: { native: 1, engine: 2, refused: 1 },
    rejection: "bad\nlistener",
  });
  narrator.status(statusWith(), { settled: false });
  t.same(narrator.event({ kind: "gateway", gateway }), [
    "Gateway        default/default · proxy 127.0.0.1:4100 · transparent [::1]:15001 · deny-all · 4 routes: 1 native, 2 engine, 1 refused",
  ]);
  const broken = { ...gateway, ready: false, reason: "Envoy rejected it" };
  t.match(narrator.event({ kind: "gateway", gateway: broken }), [
    /\nNot ready {6}Envoy rejected it: bad listener$/,
  ]);
  t.end();
});

for (const { name, changes, lines } of [
  { name: "without changes", changes: [], lines: ["Revision 7 live in 38 ms"] },
  {
    name: "with one change",
    changes: ["AIProviderRoute default/openai changed"],
    lines: ["Revision 7 live in 38 ms: AIProviderRoute default/openai changed"],
  },
  {
    name: "with changes that fit on a line",
    changes: ["Backend a/b added", "Secret a/c gone"],
    lines: ["Revision 7 live in 38 ms: Backend a/b added, Secret a/c gone"],
  },
  {
    name: "with many changes",
    changes: Array.from({ length: 10 }, (_, index) => `Backend default/b${index} added`),
    lines: [
      "Revision 7 live in 38 ms: 10 changes",
      ...Array.from({ length: 8 }, (_, index) => `  Backend default/b${index} added`),
      "  … and 2 more",
    ],
  },
]) {
  t.test(`event() tells a revision ${name}`, (t) => {
    const { narrator } = createNarrator();
    t.same(narrator.event({ kind: "revision", revision: 7, inMs: 38.4, changes }), lines);
    t.end();
  });
}

t.test("a gateway that audits is told of with it, and again with every revision", (t) => {
  const { narrator } = createNarrator();
  const banner = "AUDIT: nothing is refused by EgressGateway default/default";
  const gateway = gatewayWith({ audits: ["EgressGateway default/default"] });
  const revision = { kind: "revision", revision: 7, inMs: 1, changes: [] } as const;
  const [line] = narrator.event({ kind: "gateway", gateway });
  t.match(line, banner);
  t.equal(narrator.event(revision).length, 1, "said a moment ago");
  t.same(narrator.event({ kind: "gateway", gateway }), []);
  t.match(narrator.event(revision), [/^Revision 7/, banner]);
  t.equal(narrator.event(revision).length, 1, "nobody says that it still does");
  const [enforced] = narrator.event({ kind: "gateway", gateway: gatewayWith() });
  t.equal(enforced, served);
  t.end();
});

t.test("event() tells problems once, and how old what is served has become", (t) => {
  const { narrator, clock } = createNarrator();
  narrator.event({ kind: "revision", revision: 6, inMs: 1, changes: [] });
  clock.nowMs = 12_400;
  const event = { kind: "problems", revision: 6, problems: [problem] } as const;
  t.same(narrator.event(event), [
    "policy/route.yaml:14: spec: is wrong",
    "Still serving revision 6 (12 s old).",
  ]);
  t.same(narrator.event(event), []);
  narrator.event({ kind: "revision", revision: 7, inMs: 1, changes: [] });
  t.equal(narrator.event({ ...event, revision: 7 }).length, 2, "the same mistake made again");
  t.end();
});

t.test("status() tells problems of files from which nothing was served yet", (t) => {
  const { narrator } = createNarrator();
  const status = statusWith({ revision: 0, gateways: [], problems: [problem] });
  t.same(narrator.status(status, { settled: false }), [
    "policy/route.yaml:14: spec: is wrong",
    "Nothing is served yet: correct the files, they are read again when they are saved.",
  ]);
  t.same(narrator.status(status, { settled: true }), []);
  t.end();
});

t.test("event() tells warnings and records, and leaves the end to others", (t) => {
  const { narrator } = createNarrator();
  const object = { kind: "AIProviderRoute", namespace: "default", name: "openai" };
  t.same(narrator.event({ kind: "warning", message: "odd\u001b[2J" }), ["Warning: odd\\x1b[2J"]);
  t.same(narrator.event({ kind: "warning", message: "odd", object }), [
    "Warning: AIProviderRoute default/openai: odd",
  ]);
  t.same(narrator.event({ kind: "record", record: recordWith() }), [
    "researcher  ✔ POST api.openai.com/v1/responses           200   212 ms",
  ]);
  t.same(narrator.event({ kind: "stopping", inFlight: 1 }), []);
  t.end();
});

t.test("objects() tells what is not accepted, once", (t) => {
  const { narrator } = createNarrator();
  const conditions = [{ type: "Accepted", status: "False", reason: "Invalid", message: "no" }];
  const items = [objectWith("AIProviderRoute", { conditions })];
  t.same(narrator.objects(items), [
    "✘ policy/route.yaml:14: AIProviderRoute default/openai is not accepted: no",
  ]);
  t.same(narrator.objects(items), []);
  t.end();
});

t.test("describeRecordsFile() and formatEndpoint() write paths and addresses for people", (t) => {
  t.equal(describeRecordsFile(statusWith(), "/nowhere"), "Records        records.jsonl");
  t.equal(formatEndpoint({ address: "::1", port: 80 }), "[::1]:80");
  t.equal(formatEndpoint({ address: "127.0.0.1", port: 80 }), "127.0.0.1:80");
  t.end();
});
