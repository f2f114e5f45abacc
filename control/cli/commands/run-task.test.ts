import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { createFakeContext, until } from "../testdata/fake-context.ts";
import { openReadApi, refuse } from "../testdata/fake-read-api.ts";

const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";

t.test("runTask() sends the input, and prints the answer as it comes", async (t) => {
  const context = await createFakeContext(t);
  const api = await openReadApi(t, context);
  let finish = () => {};
  api.onInvoke = (id, response) => {
    response.write("half ");
    finish = () => {
      response.end("whole");
      api.setInvocation(id, "Succeeded");
    };
  };
  const ended = context.clrk(
    "run-task",
    "researcher",
    "-i",
    '{"a":1}',
    "-H",
    "x-a: b",
    "-H",
    "x-c=d=e",
    "--ce-type",
    "t",
    "--ce-source",
    "s",
    "--ce-subject",
    "u",
  );
  await until(() => context.stdout() === "half ", context.stdout);
  finish();
  t.equal(await ended, 0, context.stderr());
  t.equal(context.stdout(), "half whole");
  t.match(
    context.stderr(),
    new RegExp(`^clrk: invocation (${uuid})\nclrk: invocation \\1 Succeeded\n$`),
  );
  t.match(api.invoked[0], {
    body: '{"a":1}',
    headers: {
      "content-type": "application/json",
      "x-a": "b",
      "x-c": "d=e",
      "ce-type": "t",
      "ce-source": "s",
      "ce-subject": "u",
    },
  });
  t.match(api.asked[0], /\/namespaces\/default\/taskagents\/researcher\/invoke$/);
});

for (const { phase, code } of [
  { phase: "Failed", code: 1 },
  { phase: "Timeout", code: 124 },
  { phase: "Rejected", code: 77 },
]) {
  t.test(
    `runTask() ends with ${code} when the invocation is ${phase}, which comes later`,
    async (t) => {
      const context = await createFakeContext(t);
      const api = await openReadApi(t, context);
      api.onInvoke = (id, response) => {
        api.setInvocation(id, "Running");
        response.end();
        void until(
          () => api.asked.some((path) => path.includes("watch")),
          () => "",
        ).then(() => {
          api.setInvocation(id, phase, "because \u001b[2J");
        });
      };
      t.equal(await context.clrk("run-task", "researcher"), code);
      t.match(context.stderr(), new RegExp(`${phase}: because \\\\x1b\\[2J\n$`));
    },
  );
}

t.test(
  "runTask() ends with 77 when nobody is ready, whether an invocation tells it or not",
  async (t) => {
    const context = await createFakeContext(t);
    const api = await openReadApi(t, context);
    api.onInvoke = (id, response) => {
      api.setInvocation(id, "Rejected", "no ready worker");
      refuse(response, 503, "NoReadyWorker");
    };
    t.equal(await context.clrk("run-task", "researcher"), 77);
    t.match(context.stderr(), /Rejected: no ready worker\n$/);
  },
);

t.test("runTask() bounds all of it by --timeout, also an answer that never ends", async (t) => {
  const context = await createFakeContext(t);
  const api = await openReadApi(t, context);
  api.onInvoke = (_id, response) => void response.write("and on");
  t.equal(await context.clrk("run-task", "researcher", "--timeout", "300ms"), 124);
  t.equal(context.stdout(), "and on");
  t.match(context.stderr(), /has not ended within 0\.3 s; see: --timeout\n$/);
});

t.test("runTask() does not wait with --async", async (t) => {
  const context = await createFakeContext(t);
  const api = await openReadApi(t, context);
  t.equal(await context.clrk("run-task", "researcher", "--async"), 0);
  t.match(context.stdout(), new RegExp(`^${uuid}\n$`));
  t.equal(api.invoked[0]?.headers["prefer"], "respond-async");
  t.equal(api.asked.length, 1);
});

t.test(
  "runTask() sends a whole request of a file without what belongs to its connection",
  async (t) => {
    const context = await createFakeContext(t);
    const api = await openReadApi(t, context);
    const text =
      "POST /hook?x=1 HTTP/1.1\r\nHost: old\r\nContent-Length: 999\r\nContent-Type: text/plain\r\nX-Own: yes\r\n\r\nbody\n";
    await writeFile(join(context.workingDirectory, "request.txt"), text);
    t.equal(
      await context.clrk("run-task", "researcher", "--request", "request.txt"),
      0,
      context.stderr(),
    );
    t.match(api.invoked[0], {
      body: "body\n",
      headers: { "content-type": "text/plain", "x-own": "yes" },
    });
    t.match(api.invoked[0]?.headers.host, /^127\.0\.0\.1:/);
  },
);

t.test("runTask() ends at an interruption with the signal's code", async (t) => {
  const context = await createFakeContext(t);
  const api = await openReadApi(t, context);
  api.onInvoke = () => {};
  const ended = context.clrk("run-task", "researcher");
  await until(() => api.invoked.length === 1, context.stderr);
  context.interrupt("SIGINT");
  t.equal(await ended, 130);
});

for (const { words, code, text } of [
  { words: ["da/x"], code: 1, text: /only task agents are called/ },
  {
    words: ["x", "-i", "a", "--request", "b"],
    code: 2,
    text: /Cannot take both --input and --request/,
  },
  { words: ["x", "-i", "@none.json"], code: 1, text: /Cannot read "none\.json"/ },
  { words: ["x", "--timeout", "0s"], code: 2, text: /Wanted a time such as "90s"/ },
  { words: ["x", "-H", "no header"], code: 2, text: /Wanted a header such as/ },
]) {
  t.test(`runTask() refuses ${JSON.stringify(words)}`, async (t) => {
    const context = await createFakeContext(t);
    await openReadApi(t, context);
    t.equal(await context.clrk("run-task", ...words), code);
    t.match(context.stderr(), text);
  });
}

t.test("runTask() says at once that there is no such agent", async (t) => {
  const context = await createFakeContext(t);
  const api = await openReadApi(t, context);
  api.failures.set("/invoke", { status: 404, reason: "NotFound" });
  t.equal(await context.clrk("run-task", "nobody"), 1);
  t.match(context.stderr(), /clrk: Not found: refused with 404/);
  t.equal(api.asked.length, 1);
});
