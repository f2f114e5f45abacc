/** Tests of the log: whatever it is given, it writes one JSON object a line, shows no secret, and never throws. */
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import t from "tap";
import { ManualClock } from "./clock.ts";
import { ClrkError } from "./errors.ts";
import { createLogger, findLogLevel, silentLogger } from "./log.ts";
import type { LoggerOptions } from "./log.ts";
import { SecretValue } from "./secret-value.ts";

class MemoryStream extends EventEmitter {
  readonly chunks: string[] = [];
  accepts = true;

  write(chunk: string): boolean {
    this.chunks.push(chunk);
    return this.accepts;
  }

  get lines(): unknown[] {
    return this.chunks.map((chunk) => JSON.parse(chunk));
  }
}

function setUp(options: LoggerOptions = {}) {
  const stream = new MemoryStream();
  return { stream, log: createLogger({ stream, clock: new ManualClock(), ...options }) };
}

const time = "2026-01-01T00:00:00.000Z";

t.test("createLogger() writes one JSON object a line", async (t) => {
  const { stream, log } = setUp();
  log.info("Gateway ready", { port: 8080, name: "a\nb" });
  t.same(stream.chunks, [
    `{"time":"${time}","level":"info","message":"Gateway ready","port":8080,"name":"a\\nb"}\n`,
  ]);
});

t.test("createLogger() drops what is below the level", async (t) => {
  const { stream, log } = setUp({ level: "warn" });
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  t.match(stream.lines, [{ message: "c" }, { message: "d" }]);
  t.equal(log.droppedLines, 0);
});

t.test("setLevel() holds for children that exist already", async (t) => {
  const { stream, log } = setUp();
  const child = log.child({ a: 1 });
  child.debug("unseen");
  log.setLevel("debug");
  child.debug("seen");
  log.setLevel("silent");
  child.error("unseen");
  t.match(stream.lines, [{ message: "seen" }]);
});

t.test("child() adds its fields to those of its parents", async (t) => {
  const { stream, log } = setUp({ fields: { process: "gateway" } });
  log.child({ component: "ads" }).child({ stream: 3 }).warn("x", { extra: true });
  t.same(stream.lines, [
    {
      time,
      level: "warn",
      message: "x",
      process: "gateway",
      component: "ads",
      stream: 3,
      extra: true,
    },
  ]);
});

t.test("createLogger() ignores fields that would replace its own", async (t) => {
  const { stream, log } = setUp();
  log.info("real", { time: "never", level: "error", message: "fake", other: 1 });
  t.same(stream.lines, [{ time, level: "info", message: "real", other: 1 }]);
});

const circle: { self?: unknown } = {};
circle.self = circle;
const thrower = {
  toJSON() {
    throw new Error("no");
  },
};
const values: ReadonlyArray<{ name: string; value: unknown; written: unknown }> = [
  { name: "a secret", value: new SecretValue("s3cret"), written: "[redacted]" },
  {
    name: "a nested secret",
    value: { deep: [new SecretValue("s3cret")] },
    written: { deep: ["[redacted]"] },
  },
  {
    name: "a header map",
    value: { Authorization: "Bearer s3cret", accept: "*" },
    written: { Authorization: "[redacted]", accept: "*" },
  },
  {
    name: "a Map of headers",
    value: new Map([["cookie", "s3cret"]]),
    written: { cookie: "[redacted]" },
  },
  { name: "a Set", value: new Set([1, 2]), written: [1, 2] },
  { name: "a bigint", value: 12n, written: "12" },
  { name: "a nested bigint", value: { n: 12n }, written: { n: "12" } },
  { name: "an error", value: new TypeError("bad"), written: { name: "TypeError", message: "bad" } },
  {
    name: "an error with code and cause",
    value: new ClrkError("CLRK_TIMEOUT", "Cannot wait", { cause: new Error("deep") }),
    written: { name: "ClrkError", message: "Cannot wait", code: "CLRK_TIMEOUT", cause: "deep" },
  },
  { name: "a circle", value: circle, written: "[not encodable]" },
  { name: "a throwing toJSON()", value: thrower, written: "[not encodable]" },
  { name: "undefined", value: undefined, written: undefined },
  { name: "a function", value: () => {}, written: undefined },
];
for (const { name, value, written } of values) {
  t.test(`createLogger() writes a safe value when a field holds ${name}`, async (t) => {
    const { stream, log } = setUp();
    log.info("x", { value });
    t.same(stream.lines, [
      { time, level: "info", message: "x", ...(written !== undefined && { value: written }) },
    ]);
    t.notMatch(stream.chunks.join(""), "s3cret");
  });
}

t.test("createLogger() redacts a field that is named like a secret header", async (t) => {
  const { stream, log } = setUp();
  log.info("x", { authorization: "s3cret" });
  t.match(stream.lines, [{ authorization: "[redacted]" }]);
});

t.test(
  "createLogger() drops, counts and reports lines while the stream is backed up",
  async (t) => {
    const { stream, log } = setUp();
    stream.accepts = false;
    log.info("first");
    log.info("lost");
    log.child({}).error("lost too");
    t.equal(stream.chunks.length, 1);
    t.equal(log.droppedLines, 2);
    stream.accepts = true;
    stream.emit("drain");
    log.info("after");
    t.match(stream.lines, [
      { message: "first" },
      { level: "warn", message: "Dropped log lines: the log stream was backed up", lines: 2 },
      { message: "after" },
    ]);
    stream.emit("drain");
    t.equal(stream.chunks.length, 3);
    t.equal(log.droppedLines, 2);
  },
);

t.test("createLogger() counts lines that the stream throws away", async (t) => {
  const { log } = setUp({
    stream: {
      write: () => {
        throw new Error("EPIPE");
      },
      on: () => {},
    },
  });
  log.error("x");
  t.equal(log.droppedLines, 1);
});

t.test("createLogger() survives an error of its stream", async (t) => {
  const stream = new PassThrough();
  const log = createLogger({ stream });
  const failed = new Promise((resolve) => stream.once("error", resolve));
  stream.destroy(new Error("EPIPE"));
  await failed;
  log.error("x");
  t.ok(log.droppedLines >= 1);
});

t.test("findLogLevel() knows the levels in any case", async (t) => {
  t.equal(findLogLevel(" WARN "), "warn");
  for (const name of ["", "trace", "constructor", "warning"])
    t.equal(findLogLevel(name), undefined, name);
});

t.test("silentLogger takes everything and writes nothing", async (t) => {
  for (const level of ["debug", "info", "warn", "error"] as const)
    silentLogger[level]("x", { circle });
  t.equal(silentLogger.child({ a: 1 }), silentLogger);
});
