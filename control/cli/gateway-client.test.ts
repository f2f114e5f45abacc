import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import type { ControlEvent } from "../../gateway/control-api.ts";
import { controlSocketPath } from "../../gateway/home-directory.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { createGatewayClient, GatewayClientError } from "./gateway-client.ts";
import type { GatewayClient } from "./gateway-client.ts";
import { createFakeContext, until } from "./testdata/fake-context.ts";
import { objectWith, openFakeControl, recordWith } from "./testdata/fake-control.ts";

async function openPair(t: Test) {
  const { home } = await createFakeContext(t);
  const control = await openFakeControl(home);
  t.teardown(() => control.close());
  return { control, client: createGatewayClient(controlSocketPath(home, process.pid)) };
}

/** A client whose peer answers anything at all. */
async function clientOf(t: Test, listener: RequestListener): Promise<GatewayClient> {
  const directory = await mkdtemp(join(tmpdir(), "clrk-"));
  const server = createServer(listener);
  const path = join(directory, "s");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true, force: true });
  });
  return createGatewayClient(path);
}

async function failureOf(promise: Promise<unknown>): Promise<GatewayClientError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof GatewayClientError) return error;
    throw error;
  }
  throw new Error("Cannot find the failure: it succeeded");
}

t.test("status() and objects() return what the process says", async (t) => {
  const { control, client } = await openPair(t);
  control.objects = [objectWith("Backend"), objectWith("Secret")];
  t.same(await client.status(), control.status);
  t.equal((await client.objects()).items.length, 2);
  t.equal((await client.objects("Secret")).items[0]?.object.kind, "Secret");
});

t.test("a run is registered, told its process, and ended", async (t) => {
  const { control, client } = await openPair(t);
  const run = await client.registerRun({ agent: "a", command: "python" });
  t.equal(run.proxyUrl, control.proxyUrl);
  await client.setRunProcess(run.runId, 1);
  await client.endRun(run.runId);
  t.same(control.runs, [{ agent: "a", command: "python" }]);
  t.same(control.calls, ["process of run-1", "end run-1"]);
});

t.test("registerRun() rejects with the process's own sentence when it refuses", async (t) => {
  const { control, client } = await openPair(t);
  control.refusal = "Too many runs \u001b[2J";
  const error = await failureOf(client.registerRun({ agent: "a", command: "" }));
  t.equal(error.failure, "refused");
  t.equal(error.message, "Too many runs \\x1b[2J");
});

t.test("endRun() rejects for a run that is not known", async (t) => {
  const { client } = await openPair(t);
  const error = await failureOf(client.endRun("run-2"));
  t.equal(error.message, 'Cannot DELETE "/v1/runs/run-2": no such resource');
});

t.test("status() rejects when nothing listens", async (t) => {
  const { home } = await createFakeContext(t);
  const path = controlSocketPath(home, 1);
  const error = await failureOf(createGatewayClient(path).status());
  t.equal(error.failure, "unreachable");
  t.equal(
    error.message,
    `Cannot reach the gateway process at "${path}": connect ENOENT ${path}\nSee what is wrong: clrk doctor`,
  );
});

t.test("status() rejects when the process does not answer in time", async (t) => {
  const client = await clientOf(t, () => {});
  const error = await failureOf(client.status({ timeoutMs: 50 }));
  t.equal(error.failure, "unreachable");
  t.match(error.message, /No answer within 0.05 s\n/);
});

for (const { name, status, body, message } of [
  { name: "text that is no JSON", status: 200, body: "hello", message: "it is not JSON" },
  {
    name: "an empty object",
    status: 200,
    body: "{}",
    message: "a member of the status is missing",
  },
  { name: "null", status: 200, body: "null", message: "a member of the status is missing" },
  {
    name: "a member of another type",
    status: 200,
    body: '{"version":1,"pid":1,"startedAt":""}',
    message: "a member of the status is missing",
  },
  { name: "an error without a sentence", status: 500, body: "{}", message: "its status is 500" },
  {
    name: "an error that is null",
    status: 500,
    body: '{"error":null}',
    message: "its status is 500",
  },
]) {
  t.test(`status() rejects ${name}`, async (t) => {
    const client = await clientOf(t, (_, response) => {
      response.writeHead(status).end(body);
    });
    const error = await failureOf(client.status());
    t.equal(error.failure, "unreadable");
    t.equal(
      error.message,
      `Cannot understand the answer of the gateway process: ${message}\nIs it of another version? Start it again: clrk dev --replace`,
    );
  });
}

t.test("objects() and registerRun() reject answers without their members", async (t) => {
  const client = await clientOf(t, (_, response) => {
    response.end('{"revision":1,"runId":"a","gateway":"b","proxyUrl":"c","trust":{}}');
  });
  t.match((await failureOf(client.objects())).message, /a member of the object list is missing/);
  const registered = failureOf(client.registerRun({ agent: "a", command: "" }));
  t.match((await registered).message, /a member of the registration is missing/);
});

t.test("followEvents() calls back for each event until it is closed", async (t) => {
  const { control, client } = await openPair(t);
  const events: ControlEvent[] = [];
  const stream = client.followEvents((event) => events.push(event));
  await stream.opened;
  control.emit({ kind: "stopping", inFlight: 1 });
  control.emit({ kind: "record", record: recordWith() });
  await until(
    () => events.length === 2,
    () => JSON.stringify(events),
  );
  stream.close();
  await stream.ended;
  await until(
    () => control.followers === 0,
    () => `${control.followers} followers`,
  );
  control.emit({ kind: "stopping", inFlight: 2 });
  t.same(events, [
    { kind: "stopping", inFlight: 1 },
    { kind: "record", record: recordWith() },
  ]);
});

t.test("followEvents() passes over what it does not understand", async (t) => {
  const lines = [
    '{"kind":"new"}',
    "{",
    "null",
    '{"kind":"stopping"}',
    '{"kind":"stopping","inFlight":0}',
  ];
  const client = await clientOf(t, (_, response) => {
    response.end(lines.join("\n"));
  });
  const events: ControlEvent[] = [];
  await client.followEvents((event) => events.push(event)).ended;
  t.same(events, [{ kind: "stopping", inFlight: 0 }]);
});

t.test("followRecords() ends without an error when the process goes", async (t) => {
  const { control, client } = await openPair(t);
  const records: EgressRecord[] = [];
  const stream = client.followRecords("run-1", (record) => records.push(record));
  await stream.opened;
  control.emitRecord(recordWith({ id: "7" }));
  await until(
    () => records.length === 1,
    () => `${records.length} records`,
  );
  await control.close();
  await stream.ended;
  t.equal(records[0]?.id, "7");
});

t.test("followRecords() rejects `opened` for a run that is not known", async (t) => {
  const { client } = await openPair(t);
  const stream = client.followRecords("run-2", () => {});
  t.equal((await failureOf(stream.opened)).failure, "refused");
  await stream.ended;
});

t.test("followRecords() rejects `opened` and ends when nothing listens", async (t) => {
  const { home } = await createFakeContext(t);
  const stream = createGatewayClient(controlSocketPath(home, 1)).followRecords("run-1", () => {});
  t.equal((await failureOf(stream.opened)).failure, "unreachable");
  await stream.ended;
});
