import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { createFakeContext } from "../testdata/fake-context.ts";
import { gatewayWith, openFakeControl, statusWith } from "../testdata/fake-control.ts";

t.test("status() says what runs, in a few lines", async (t) => {
  const context = await createFakeContext(t);
  await using control = await openFakeControl(context.home);
  control.status = statusWith({
    runs: [
      {
        runId: "run-1",
        agent: "researcher",
        gateway: "default/default",
        command: "python",
        since: "2026-11-24T00:05:30.000Z",
        requests: 12,
        denied: 1,
      },
    ],
  });
  t.equal(await context.clrk("status"), 0);
  t.equal(
    context.stdout(),
    [
      "Process    4711, clrk 0.1.0, up 6 min",
      "Envoy      1.40.0 (/opt/envoy)",
      "Manifests  policy, revision 6",
      "Records    /nowhere/records.jsonl",
      "           12 written, 0 lost",
      "",
      "GATEWAY           READY   POLICY     PROXY            ROUTES     REVISION",
      "default/default   True    deny-all   127.0.0.1:4100   3 native   1",
      "",
      "AGENT        GATEWAY           COMMAND   REQUESTS   DENIED   AGE",
      "researcher   default/default   python    12         1        30s",
      "",
      "API server not started; clrk dev has one",
      "",
    ].join("\n"),
  );
});

t.test("status() begins with what audits", async (t) => {
  const context = await createFakeContext(t);
  await using control = await openFakeControl(context.home);
  const audits = ["EgressHTTPRoute default/web"];
  const run = {
    runId: "run-1",
    agent: "researcher",
    gateway: "default/default",
    command: "python",
    since: "2026-11-24T00:05:30.000Z",
    requests: 12,
    denied: 1,
  };
  control.status = statusWith({
    gateways: [gatewayWith({ audits })],
    runs: [{ ...run, wouldDeny: 3 }, run],
  });
  t.equal(await context.clrk("status"), 0);
  t.match(
    context.stdout(),
    /^AUDIT: nothing is refused by EgressHTTPRoute default\/web, what would be is only recorded\nProcess /,
  );
  t.match(
    context.stdout(),
    /REQUESTS {3}DENIED {3}WOULD DENY {3}AGE\n.* 12 {9}1 {8}3 .*\n.* 1 {8}0 /,
  );
  t.equal(await context.clrk("status", "-o", "json"), 0);
  t.match(context.stdout(), '"audits": [');
});

t.test(
  "status() says of each minted credential whether there is one, and for how long",
  async (t) => {
    const context = await createFakeContext(t);
    await using control = await openFakeControl(context.home);
    const base = {
      secret: "default/orders",
      type: "OAuth2ClientCredentials",
      endpoint: "login.test",
    };
    const lastFailure = {
      kind: "unavailable",
      message: 'token endpoint "login.test" is not able to answer now (503)',
      agoSeconds: 7,
    };
    control.status = statusWith({
      mintedCredentials: [
        {
          ...base,
          ready: true,
          minted: 3,
          ageSeconds: 600,
          validSeconds: 2990,
          failures: 0,
          lastFailure,
        },
        { ...base, ready: false, minted: 0, failures: 4, lastFailure },
      ],
    });
    t.equal(await context.clrk("status"), 0);
    const name = "Credential default/orders (OAuth2ClientCredentials at login.test):";
    t.match(context.stdout(), `${name} 10 min old, valid for 49 min\n`);
    t.match(
      context.stdout(),
      `${name} none, requests that need it are refused; 4 failed, the last 7 s ago: unavailable, ${lastFailure.message}\n`,
    );
  },
);

t.test("status() says what is wrong", async (t) => {
  const context = await createFakeContext(t);
  await using control = await openFakeControl(context.home);
  control.status = statusWith({
    problems: [{ file: "policy/a.yaml", line: 3, field: "spec", message: "is wrong" }],
    gateways: [
      gatewayWith({
        ready: false,
        reason: "Envoy rejected it",
        rejection: "bad\n  listener",
        transparent: { address: "::1", port: 15_001 },
      }),
    ],
    engine: {
      threads: { serving: 1, wanted: 2 },
      replaced: 3,
      streams: { open: 4, total: 500 },
      connections: { open: 0, total: 0, bytesUpstream: 0, bytesDownstream: 0 },
      failed: 6,
      droppedFacts: 0,
      limited: { spent: 0, full: 0, unreachable: 2, unshared: 5 },
      budgets: { exhausted: 1, full: 0, unwritten: 7, failure: "Cannot keep the budgets: full" },
    },
    sharedLimits: {
      server: "nats://n:4222",
      isReachable: false,
      replicas: 3,
      failure: "Cannot reach NATS at nats://n:4222: The connection was lost",
    },
    records: {
      file: "/nowhere/r",
      published: 1,
      dropped: 2,
      incomplete: 1,
      failure: "/nowhere/r: disk is full",
    },
  });
  await mkdir(join(context.home.run, String(process.ppid)));
  t.equal(await context.clrk("status"), 0);
  const text = context.stdout();
  t.match(
    text,
    "           1 written, 2 lost, 1 without what the engine knew\n           /nowhere/r: disk is full\n",
  );
  t.match(
    text,
    "Engine     1 of 2 threads, 4 requests open, 500 so far, 3 replaced, 6 failed, 7 uses of budgets not written\n",
  );
  t.match(text, "Budgets    Cannot keep the budgets: full\n");
  t.match(
    text,
    "Limits     NOT SHARED: Cannot reach NATS at nats://n:4222: The connection was lost, 2 refused that could not be asked about, 5 let by without asking\n",
  );
  t.match(text, "Problems (revision 6 stays live)\n  policy/a.yaml:3: spec: is wrong\n");
  t.match(text, "False   deny-all   127.0.0.1:4100   [::1]:15001   3");
  t.match(text, "default/default: Envoy rejected it: bad listener\n");
  t.match(text, `\nDoes not answer: process ${process.ppid}\nSee what is wrong: clrk doctor\n`);
});

t.test("status() names the next step when nothing runs, and ends with 1", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("status"), 1);
  t.equal(context.stdout(), "No gateway is running\nStart one: clrk dev -f DIR\n");
  t.equal(await context.clrk("status", "-o", "json"), 1);
  const none = {
    ...{ answers: false, server: null, kubeconfig: null, store: null, problem: null },
    ...{ process: null, files: null, telemetry: null, invocations: null },
  };
  t.same(JSON.parse(context.stdout()), { processes: [], silent: [], control: none });
});

t.test("status() prints JSON that is the processes' own", async (t) => {
  const context = await createFakeContext(t);
  await using control = await openFakeControl(context.home);
  t.equal(await context.clrk("status", "--output", "json"), 0);
  t.match(JSON.parse(context.stdout()), { processes: [control.status], silent: [] });
});

t.test("status() says that a process serves no EgressGateway", async (t) => {
  const context = await createFakeContext(t);
  await using control = await openFakeControl(context.home);
  control.status = statusWith({ gateways: [], directories: [] });
  await context.clrk("status");
  t.match(context.stdout(), "Manifests  none, revision 6\n");
  t.match(context.stdout(), /\nNo EgressGateway is served\n\nAPI server /);
});

t.test("status() names plugins as they were named", async (t) => {
  const context = await createFakeContext(t);
  await using control = await openFakeControl(context.home);
  const summary = { aliases: [], hosts: [], operations: [], dialects: [] };
  control.status = statusWith({
    plugins: [
      { ...summary, name: "acme", specifier: "./acme", path: "/acme/provider.ts" },
      { ...summary, name: "hush", specifier: "clrk-provider-hush", path: "/hush.js" },
    ],
  });
  t.equal(await context.clrk("status"), 0);
  t.match(context.stdout(), "Plugins    acme (./acme), hush (clrk-provider-hush)\n");
});
