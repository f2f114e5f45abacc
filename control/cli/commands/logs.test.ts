import t from "tap";
import { createFakeContext, until } from "../testdata/fake-context.ts";
import { logDocument, openReadApi } from "../testdata/fake-read-api.ts";

const time = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {2}/gm;

t.test(
  "logs() prints lines oldest first, what went to standard error there, nothing unsafe",
  async (t) => {
    const context = await createFakeContext(t);
    const api = await openReadApi(t, context);
    api.store(
      logDocument("first\nsecond line", { "log.iostream": "stdout" }),
      logDocument("\u001b[2Joops\ttab", { "log.iostream": "stderr" }),
      logDocument("told by OTLP", {}, { severityNumber: 17 }),
    );
    t.equal(await context.clrk("logs", "process/tool"), 0, context.stderr());
    t.equal(
      context.stdout().replace(time, ""),
      "worker[stdout]  first\nworker[stdout]  second line\nworker          told by OTLP\n",
    );
    t.equal(context.stderr().replace(time, ""), "worker[stderr]  \\x1b[2Joops    tab\n");
    t.strictSame(api.asked, [
      "/apis/clrk.apoxy.dev/v1alpha1/namespaces/default/processes/tool/logs?limit=100",
    ]);
  },
);

t.test("logs() asks with every option, and prints records as they came as JSON", async (t) => {
  const context = await createFakeContext(t, { nowMs: Date.UTC(2026, 10, 24, 1) });
  const api = await openReadApi(t, context);
  const record = logDocument("x", { a: "b" });
  api.store(record);
  const id = "0190cb42-6ad8-7c00-8000-000000000001";
  const words = ["-n", "team", "--since", "1h", "--until", "2026-11-24T00:30:00.123456789Z"];
  const more = ["--invocation", id, "--component", "worker,own", "--stream", "stdout"];
  t.equal(
    await context.clrk("logs", "process/tool", ...words, ...more, "-o", "json", "--tail", "7"),
    0,
    context.stderr(),
  );
  t.strictSame(JSON.parse(context.stdout()), { resourceLogs: [record] });
  const url = new URL(api.asked[0] ?? "", "https://x");
  t.equal(url.pathname, "/apis/clrk.apoxy.dev/v1alpha1/namespaces/team/processes/tool/logs");
  t.strictSame(Object.fromEntries(url.searchParams), {
    invocation: id,
    component: "worker,own",
    iostream: "stdout",
    since: "2026-11-24T00:00:00.000Z",
    until: "2026-11-24T00:30:00.123456789Z",
    limit: "7",
  });
});

t.test("logs() reads as many pages as the limit takes, and says when there is more", async (t) => {
  const context = await createFakeContext(t);
  const api = await openReadApi(t, context);
  for (let index = 0; index < 2_600; index++) api.store(logDocument(`line ${index}`));
  t.equal(await context.clrk("logs", "process/tool", "--limit", "2500", "--since", "1h"), 0);
  const lines = context.stdout().replace(time, "").trimEnd().split("\n");
  t.equal(lines.length, 2_500);
  t.equal(lines[0], "worker  line 100");
  t.equal(lines.at(-1), "worker  line 2599");
  t.equal(api.asked.length, 3);
  t.equal(context.stderr(), "There are more than these 2500: --limit N shows more\n");
});

t.test("logs() finds out what a name is, and never takes forbidden for missing", async (t) => {
  const context = await createFakeContext(t);
  const api = await openReadApi(t, context);
  const asked = async () => {
    await context.clrk("logs", "x");
    return api.asked.at(-1)?.split("/").slice(6, 8).join("/");
  };
  t.equal(await asked(), "processes/x");
  api.objects.add("taskagents/x");
  t.equal(await asked(), "taskagents/x");
  api.objects.add("daemonagents/x");
  t.equal(await context.clrk("logs", "x"), 1);
  t.match(
    context.stderr(),
    /Cannot tell which "x" is meant: a DaemonAgent and a TaskAgent.*\nName one: daemonagent\/x or taskagent\/x\n/,
  );
  t.equal(await context.clrk("logs", "da/x"), 0);
  api.objects.clear();
  api.failures.set("/taskagents/x", { status: 403, reason: "Forbidden" });
  t.equal(await context.clrk("logs", "x"), 1);
  t.match(context.stderr(), /^clrk: Not allowed: /);
});

for (const { words, text } of [
  { words: ["x", "--tail", "1", "--limit", "2"], text: /Cannot take both --tail and --limit/ },
  { words: ["x", "--limit", "0"], text: /Cannot use "0" for --limit: Wanted a whole number/ },
  {
    words: ["x", "--since", "yesterday"],
    text: /Cannot use "yesterday" for --since: Wanted how long ago/,
  },
  {
    words: ["pod/x"],
    text: /Cannot use "pod\/x" for AGENT: Wanted daemonagent, taskagent or process/,
  },
  { words: ["../x"], text: /Cannot use "\.\.\/x" for AGENT/ },
  { words: ["x", "--invocation", "7"], text: /Wanted the id of an invocation, a UUID/ },
]) {
  t.test(`logs() refuses ${JSON.stringify(words)}`, async (t) => {
    const context = await createFakeContext(t);
    await openReadApi(t, context);
    t.equal(await context.clrk("logs", ...words), 2);
    t.match(context.stderr(), text);
  });
}

t.test(
  "logs() names the next step without an API server, and says why the store is not there",
  async (t) => {
    const context = await createFakeContext(t);
    t.equal(await context.clrk("logs", "process/x"), 1);
    t.match(context.stderr(), /^clrk: Cannot find an API server.*\nStart one: clrk dev -f DIR\n/);
    const api = await openReadApi(t, context);
    api.failures.set("/logs", { status: 503, reason: "ServiceUnavailable" });
    t.equal(await context.clrk("logs", "process/x"), 1);
    t.match(context.stderr(), /^clrk: Refused by the API server: refused with 503/);
    api.failures.clear();
    t.equal(await context.clrk("logs", "process/x"), 0);
    t.equal(context.stderr(), "No logs of Process default/x\nSee who has some: clrk agents\n");
  },
);

t.test(
  "logs() follows over streams that are cut anywhere, and gives each record once",
  async (t) => {
    const context = await createFakeContext(t);
    const api = await openReadApi(t, context);
    api.cuts = 6;
    for (let index = 0; index < 10; index++) api.store(logDocument(`line ${index}`));
    const ended = context.clrk("logs", "process/tool", "-f", "--since", "1h");
    const lines = () => context.stdout().replace(time, "").trimEnd().split("\n");
    await until(() => lines().length === 10, context.stdout);
    for (let index = 10; index < 60; index++) {
      api.store(logDocument(`line ${index}`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(
      () => lines().length >= 60,
      () => context.stdout() + context.stderr(),
    );
    context.interrupt("SIGINT");
    t.equal(await ended, 0);
    t.strictSame(
      lines(),
      Array.from({ length: 60 }, (_, index) => `worker  line ${index}`),
    );
    t.match(context.stderr(), /Connected again; nothing is missing/);
    const follows = api.asked.filter((path) => path.includes("follow=true"));
    t.ok(follows.length >= 3, "it was cut off");
    t.ok(follows.every((path) => /after=\d+/.test(path) && !path.includes("since=")));
  },
);

t.test("logs() says what retention took, and goes on from now", async (t) => {
  const context = await createFakeContext(t);
  const api = await openReadApi(t, context);
  api.store(logDocument("one"));
  api.oldest = 2;
  const ended = context.clrk("logs", "process/tool", "-f");
  await until(
    () => api.asked.length === 3,
    () => api.asked.join("\n"),
  );
  t.equal(context.stderr(), "What came meanwhile was dropped by retention; going on from now\n");
  t.match(api.asked[2], /follow=true$/);
  context.interrupt("SIGINT");
  t.equal(await ended, 0);
});
