/** Tests the control socket: every path, everything that can be wrong with a request, and streams with their readers. */
import { stat } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import type {
  ControlEvent,
  GatewayProcessStatus,
  RunRegistration,
  RunRequest,
} from "./control-api.ts";
import type { ControlHandlers } from "./control-socket.ts";
import { noCounts } from "./metrics/activity-window.ts";
import { openControlSocket } from "./control-socket.ts";
import { ClrkError } from "./errors.ts";
import { silentLogger } from "./log.ts";
import type { EgressRecord } from "./record.ts";
import { httpRecord } from "./testdata/egress-record.ts";
import { eventually } from "./testdata/envoy-rig.ts";
import { temporaryDirectory } from "./testdata/processes.ts";

const status: GatewayProcessStatus = {
  version: "0.1.0",
  pid: 1,
  startedAt: "2026-01-01T00:00:00.000Z",
  directories: [],
  plugins: [],
  revision: 1,
  problems: [],
  envoy: { path: "/envoy", version: "1.40.0", source: "test" },
  gateways: [],
  records: { file: "/records", published: 0, dropped: 0, incomplete: 0, failure: "" },
  secrets: [],
  runs: [],
};

const budget = {
  name: "default/team",
  scope: "day",
  unit: "tokens",
  counted: "2026-11-28",
  used: 1,
  reserved: 2,
  limit: 3,
  resets: "2026-11-29T00:00:00.000Z",
} as const;

const registration: RunRegistration = {
  runId: "run-1",
  invocationId: "i",
  gateway: "default/egress",
  proxyUrl: "http://run-1:token@127.0.0.1:1",
  trust: { bundle: "/b", directory: "/d" },
  telemetryToken: "clrk1.a.b",
};

const emptyReport = {
  total: noCounts,
  lastMinute: noCounts,
  agents: [],
  lines: [],
  skipped: 0,
};

const placeholder = {
  namespace: "default",
  name: "openai",
  key: "token",
  placeholder: "sk-0",
  policies: ["p"],
};

async function open(t: Test, changes: Partial<ControlHandlers> = {}) {
  const calls: unknown[][] = [];
  const errors: string[] = [];
  const runFollowers = new Set<(record: EgressRecord) => void>();
  const eventFollowers = new Set<(event: ControlEvent) => void>();
  const handlers: ControlHandlers = {
    status: () => status,
    objects: (kind) => {
      calls.push(["objects", kind]);
      return { revision: 1, items: [] };
    },
    budgets: () => ({ items: [budget] }),
    confirmations: {
      list: () => [],
      decide: (id, decision) => {
        calls.push(["decide", id, decision]);
        if (id === "aa") return "unknown";
        return id === "bb" ? "elsewhere" : "done";
      },
    },
    placeholders: () => ({ items: [placeholder] }),
    registerRun: async (request: RunRequest) => {
      calls.push(["registerRun", request]);
      return registration;
    },
    endRun: async (runId, exitCode) => {
      calls.push(["endRun", runId, exitCode]);
      return runId === "run-1";
    },
    setRunProcess: (runId, pid) => {
      calls.push(["setRunProcess", runId, pid]);
      return runId === "run-1";
    },
    followRun: (runId, onRecord) => {
      if (runId !== "run-1") return undefined;
      runFollowers.add(onRecord);
      return () => runFollowers.delete(onRecord);
    },
    followActivity: (onReport) => {
      onReport(emptyReport);
      return () => calls.push(["activity ended"]);
    },
    families: () => [
      { kind: "gauge", name: "clrk_x", help: "X.", samples: [{ labels: [], value: 1 }] },
    ],
    readiness: () => ({ ready: false, missing: ["Envoy"] }),
    followEvents: (onEvent) => {
      onEvent({ kind: "warning", message: "at once" });
      eventFollowers.add(onEvent);
      return () => eventFollowers.delete(onEvent);
    },
    stop: () => calls.push(["stop"]),
    ...changes,
  };
  const file = path.join(await temporaryDirectory(t), "control.sock");
  const log = { ...silentLogger, error: (message: string) => errors.push(message) };
  const socket = await openControlSocket(file, handlers, log);
  t.teardown(() => socket.close());
  return { socket, file, calls, errors, runFollowers, eventFollowers };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

function ask(socketPath: string, method: string, target: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ socketPath, method, path: target, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) });
      });
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

/** Lines of a stream as they come. */
function follow(socketPath: string, target: string) {
  const lines: unknown[] = [];
  let ended = false;
  const outgoing = httpRequest({ socketPath, path: target, agent: false }, (response) => {
    let rest = "";
    response.on("data", (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) lines.push(JSON.parse(part));
    });
    response.on("error", () => {});
    response.once("close", () => {
      ended = true;
    });
  });
  outgoing.on("error", () => {});
  outgoing.end();
  return { lines, isEnded: () => ended, stop: () => outgoing.destroy() };
}

t.test("openControlSocket() is for its user only", async (t) => {
  const { file } = await open(t);
  t.equal((await stat(file)).mode & 0o777, 0o600);
});

t.test("openControlSocket() rejects a path that cannot be bound", async (t) => {
  const { file } = await open(t);
  await t.rejects(
    openControlSocket("/nonexistent/x.sock", neverAsked, silentLogger),
    /EACCES|ENOENT/,
  );
  await t.rejects(openControlSocket(file, neverAsked, silentLogger), { code: "EADDRINUSE" });
});

const neverAsked: ControlHandlers = {
  status: () => status,
  objects: () => ({ revision: 0, items: [] }),
  budgets: () => ({ items: [] }),
  confirmations: { list: () => [], decide: () => "unknown" },
  placeholders: () => ({ items: [] }),
  registerRun: async () => registration,
  endRun: async () => false,
  setRunProcess: () => false,
  followRun: () => undefined,
  followEvents: () => () => {},
  followActivity: () => () => {},
  families: () => [],
  readiness: () => ({ ready: true, missing: [] }),
  stop: () => {},
};

t.test("GET /v1/status gives the status", async (t) => {
  const { file } = await open(t);
  t.same(await ask(file, "GET", "/v1/status"), { status: 200, body: status });
});

t.test("GET /v1/objects gives objects, of one kind where asked", async (t) => {
  const { file, calls } = await open(t);
  t.equal((await ask(file, "GET", "/v1/objects")).status, 200);
  t.equal((await ask(file, "GET", "/v1/objects?kind=Backend")).status, 200);
  t.same(calls, [
    ["objects", undefined],
    ["objects", "Backend"],
  ]);
});

t.test("POST /v1/runs registers a run", async (t) => {
  const { file, calls } = await open(t);
  const body = JSON.stringify({
    agent: "researcher",
    gateway: "egress",
    command: "x".repeat(300),
    more: 1,
  });
  t.same(await ask(file, "POST", "/v1/runs", body), { status: 201, body: registration });
  t.same(calls, [
    ["registerRun", { agent: "researcher", command: "x".repeat(200), gateway: "egress" }],
  ]);
});

t.test("DELETE /v1/runs/<id> takes the exit code of the command", async (t) => {
  const { file, calls } = await open(t);
  t.equal((await ask(file, "DELETE", "/v1/runs/run-1?exitCode=137")).status, 200);
  t.same(calls, [["endRun", "run-1", 137]]);
  for (const code of ["", "-1", "256", "1.5", "x"]) {
    t.match(await ask(file, "DELETE", `/v1/runs/run-1?exitCode=${code}`), {
      status: 400,
      body: { error: { code: "CLRK_INVALID_ARGUMENT", message: /exitCode is no whole number/ } },
    });
  }
  t.equal(calls.length, 1, "and the run goes on");
});

t.test("DELETE /v1/runs/<id> ends a run", async (t) => {
  const { file } = await open(t);
  t.same(await ask(file, "DELETE", "/v1/runs/run-1"), { status: 200, body: {} });
});

t.test("POST /v1/runs/<id>/process keeps a run with its process", async (t) => {
  const { file, calls } = await open(t);
  t.same(await ask(file, "POST", "/v1/runs/run-1/process", '{"pid":4711}'), {
    status: 200,
    body: {},
  });
  t.same(calls, [["setRunProcess", "run-1", 4711]]);
});

t.test("POST /v1/stop answers before the process stops", async (t) => {
  const { file, calls } = await open(t);
  t.same(await ask(file, "POST", "/v1/stop"), { status: 202, body: {} });
  t.same(calls, [["stop"]]);
});

const unknown: readonly {
  readonly method: string;
  readonly target: string;
  readonly body?: string;
}[] = [
  { method: "GET", target: "/" },
  { method: "POST", target: "/v1/status" },
  { method: "GET", target: "/v1/runs" },
  { method: "DELETE", target: "/v1/runs/run-2" },
  { method: "DELETE", target: "/v1/runs/run-1/records" },
  { method: "DELETE", target: "/v1/runs/RUN-1" },
  { method: "DELETE", target: `/v1/runs/${"a".repeat(65)}` },
  { method: "GET", target: "/v1/runs/run-2/records" },
  { method: "POST", target: "/v1/runs/run-2/process", body: '{"pid":1}' },
  { method: "GET", target: "/v1/runs/run-1/other" },
];

for (const { method, target, body } of unknown) {
  t.test(`${method} ${target.slice(0, 40)} is not there`, async (t) => {
    const { file } = await open(t);
    const message = `Cannot ${method} "${target}": no such resource`;
    t.same(await ask(file, method, target, body), {
      status: 404,
      body: { error: { code: "CLRK_NOT_FOUND", message } },
    });
  });
}

const name = 'is not a name, wanted up to 63 lower-case letters, digits, "-" and "."';
const invalid: readonly {
  readonly target: string;
  readonly body: string;
  readonly message: string;
}[] = [
  { target: "/v1/runs", body: "", message: "The request is not valid" },
  { target: "/v1/runs", body: "{", message: "The request is not valid" },
  { target: "/v1/runs", body: "\ufffd", message: "The request is not valid" },
  { target: "/v1/runs", body: "null", message: "Cannot read request: not a JSON object" },
  { target: "/v1/runs", body: "[]", message: "Cannot read request: not a JSON object" },
  { target: "/v1/runs", body: '"x"', message: "Cannot read request: not a JSON object" },
  { target: "/v1/runs", body: "{}", message: `Cannot register run: agent undefined ${name}` },
  { target: "/v1/runs", body: '{"agent":1}', message: `Cannot register run: agent 1 ${name}` },
  { target: "/v1/runs", body: '{"agent":""}', message: `Cannot register run: agent "" ${name}` },
  { target: "/v1/runs", body: '{"agent":"A"}', message: `Cannot register run: agent "A" ${name}` },
  {
    target: "/v1/runs",
    body: '{"agent":"-a"}',
    message: `Cannot register run: agent "-a" ${name}`,
  },
  {
    target: "/v1/runs",
    body: '{"__proto__":{"agent":"a"}}',
    message: `Cannot register run: agent undefined ${name}`,
  },
  {
    target: "/v1/runs",
    body: '{"agent":"a","gateway":1}',
    message: "Cannot register run: gateway is not a string",
  },
  {
    target: "/v1/runs/run-1/process",
    body: "{}",
    message: "Cannot set process of run: pid is not a process id",
  },
  {
    target: "/v1/runs/run-1/process",
    body: '{"pid":0}',
    message: "Cannot set process of run: pid is not a process id",
  },
  {
    target: "/v1/runs/run-1/process",
    body: '{"pid":-1}',
    message: "Cannot set process of run: pid is not a process id",
  },
  {
    target: "/v1/runs/run-1/process",
    body: '{"pid":1.5}',
    message: "Cannot set process of run: pid is not a process id",
  },
  {
    target: "/v1/runs/run-1/process",
    body: '{"pid":"1"}',
    message: "Cannot set process of run: pid is not a process id",
  },
];

for (const { target, body, message } of invalid) {
  t.test(`POST ${target} rejects ${body || "an empty body"}`, async (t) => {
    const { file, calls } = await open(t);
    t.same(await ask(file, "POST", target, body), {
      status: 400,
      body: { error: { code: "CLRK_INVALID_ARGUMENT", message } },
    });
    t.same(calls, []);
  });
}

t.test("POST /v1/runs answers 413 to a body that is too large", async (t) => {
  const { file } = await open(t);
  const body = JSON.stringify({ agent: "a", command: "x".repeat(70_000) });
  t.match(await ask(file, "POST", "/v1/runs", body), {
    status: 413,
    body: { error: { code: "CLRK_TOO_LARGE" } },
  });
});

async function raw(file: string, text: string): Promise<string> {
  const socket: Socket = connect(file);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => {});
  socket.write(text);
  await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(chunks).toString();
}

t.test("the end of a body that was not read is not taken for a request", async (t) => {
  const { file, calls } = await open(t);
  const smuggled = "POST /v1/stop HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
  const body = `${"x".repeat(70_000)}${smuggled}`;
  const answer = await raw(
    file,
    `POST /v1/runs HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  t.match(answer, /^HTTP\/1\.1 413 /);
  t.match(answer, /connection: close/i);
  t.same(calls, []);
});

t.test("a target that is no path is the caller's mistake", async (t) => {
  const { file, errors } = await open(t);
  const answer = await raw(file, "GET // HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  t.match(answer, /^HTTP\/1\.1 400 /);
  t.same(errors, []);
});

t.test("errors of handlers keep their status and show nothing else", async (t) => {
  const { file, errors } = await open(t, {
    registerRun: async () => {
      throw new ClrkError("CLRK_PRECONDITION_FAILED", "secret detail", { expose: "No gateway" });
    },
    status: () => {
      throw new Error("secret detail");
    },
  });
  t.same(await ask(file, "POST", "/v1/runs", '{"agent":"a"}'), {
    status: 412,
    body: { error: { code: "CLRK_PRECONDITION_FAILED", message: "No gateway" } },
  });
  t.same(await ask(file, "GET", "/v1/status"), {
    status: 500,
    body: { error: { code: "CLRK_INTERNAL", message: "The gateway failed" } },
  });
  t.same(errors, ["Control request failed"], "only what is ours to fix is logged");
});

t.test("GET /v1/events begins with the present state and ends with its reader", async (t) => {
  const { file, eventFollowers } = await open(t);
  const stream = follow(file, "/v1/events");
  await eventually(() => stream.lines[0]);
  for (const follower of eventFollowers) follower({ kind: "stopping", inFlight: 2 });
  await eventually(() => stream.lines[1]);
  t.same(stream.lines, [
    { kind: "warning", message: "at once" },
    { kind: "stopping", inFlight: 2 },
  ]);
  stream.stop();
  await eventually(() => (eventFollowers.size === 0 ? true : undefined));
});

t.test("GET /v1/runs/<id>/records sends records as lines until the reader goes", async (t) => {
  const { file, runFollowers } = await open(t);
  const stream = follow(file, "/v1/runs/run-1/records");
  await eventually(() => (runFollowers.size === 1 ? true : undefined));
  const record = httpRecord();
  for (const follower of runFollowers) follower(record);
  t.same(await eventually(() => stream.lines[0]), record);
  stream.stop();
  await eventually(() => (runFollowers.size === 0 ? true : undefined));
});

t.test("a reader that does not read is cut, and others are not", async (t) => {
  const { file, runFollowers } = await open(t);
  const slow = connect(file);
  slow.on("error", () => {});
  slow.pause();
  slow.write("GET /v1/runs/run-1/records HTTP/1.1\r\nhost: x\r\n\r\n");
  await eventually(() => (runFollowers.size === 1 ? true : undefined));
  const stream = follow(file, "/v1/runs/run-1/records");
  await eventually(() => (runFollowers.size === 2 ? true : undefined));
  const record = httpRecord({ id: "x".repeat(64 * 1024) });
  for (let sent = 1; runFollowers.size === 2 && sent < 500; sent++) {
    for (const follower of [...runFollowers]) follower(record);
    await eventually(() => (stream.lines.length === sent ? true : undefined));
  }
  t.equal(runFollowers.size, 1, "the slow one is gone");
  t.notOk(stream.isEnded());
  slow.destroy();
  stream.stop();
});

t.test("close() ends streams, stops listening and removes the file", async (t) => {
  const { socket, file, eventFollowers } = await open(t);
  const stream = follow(file, "/v1/events");
  await eventually(() => stream.lines[0]);
  await socket.close();
  await eventually(() => stream.isEnded() || undefined);
  t.equal(eventFollowers.size, 0);
  await t.rejects(stat(file), { code: "ENOENT" });
  await socket.close();
});

t.test("POST /v1/confirmations/<id> answers a question", async (t) => {
  const { file, calls } = await open(t);
  const put = (id: string, body: object) =>
    ask(file, "POST", `/v1/confirmations/${id}`, JSON.stringify(body));
  t.match(await ask(file, "GET", "/v1/confirmations"), { status: 200, body: { items: [] } });
  t.match(await put("cc", { decision: "deny", reason: "no" }), { status: 200 });
  t.match(await put("aa", { decision: "approve" }), { status: 404 });
  t.match(await put("bb", { decision: "approve" }), { status: 412 });
  for (const wrong of [{}, { decision: "yes" }, { decision: "deny", reason: "x".repeat(257) }]) {
    t.match(await put("cc", wrong), { status: 400 });
  }
  t.same(calls[0], ["decide", "cc", { decision: "deny", reason: "no" }]);
});
