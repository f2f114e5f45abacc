/** Tests of how a control process is told of its telemetry: nothing secret is on a command line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseTelemetryWords, readClickHouse } from "./telemetry-words.ts";

t.test("telemetry is on, in the embedded store, unless told otherwise", async (t) => {
  t.same(parseTelemetryWords({}), { telemetryOff: false });
  t.same(parseTelemetryWords({ telemetry: "off" }), { telemetryOff: true });
  t.same(parseTelemetryWords({ "otlp-port": "4318" }), { telemetryOff: false, otlpPort: 4318 });
  t.equal(readClickHouse(parseTelemetryWords({}), {}), undefined);
});

t.test("limits of the store are read with their units", async (t) => {
  const words = {
    ...{ "telemetry-memory": "800MiB", "telemetry-size": "2GiB", "telemetry-age": "30d" },
  };
  t.same(parseTelemetryWords(words), {
    telemetryOff: false,
    telemetryMemoryBytes: 800 * 1024 ** 2,
    telemetrySizeBytes: 2 * 1024 ** 3,
    telemetryAgeMs: 30 * 24 * 3_600_000,
  });
  t.match(parseTelemetryWords({ "telemetry-age": "4h", "telemetry-memory": "496MiB" }), {
    telemetryAgeMs: 4 * 3_600_000,
  });
});

t.test("a server's password comes from a file or a variable, which is taken away", async (t) => {
  const words = parseTelemetryWords({ "clickhouse-url": "https://clickhouse.test:8443" });
  const environment = { CLRK_CLICKHOUSE_USER: "u", CLRK_CLICKHOUSE_PASSWORD: "hunter2" };
  const address = readClickHouse(words, environment);
  t.match(address, { kind: "server", url: "https://clickhouse.test:8443", user: "u" });
  t.notMatch(JSON.stringify(address), "hunter2");
  t.notOk("CLRK_CLICKHOUSE_PASSWORD" in environment);
  const file = join(t.testdir(), "password");
  writeFileSync(file, "other\n");
  const read = readClickHouse({ ...words, clickhousePasswordFile: file }, {});
  t.notMatch(JSON.stringify(read), "other");
  t.ok(read?.password);
});

t.test("what cannot be used is refused with what to do", async (t) => {
  for (const [values, message] of [
    [{ telemetry: "yes" }, /wanted on or off/],
    [{ "clickhouse-url": "clickhouse.test" }, /wanted http/],
    [{ "clickhouse-url": "https://u:p@clickhouse.test" }, /set CLRK_CLICKHOUSE_USER/],
    [{ "otlp-port": "0" }, /wanted a number from 1 to 65535/],
    [{ "otlp-port": "65536" }, /wanted a number from 1 to 65535/],
    [{ "clickhouse-password-file": "f" }, /without --clickhouse-url/],
    [{ "telemetry-memory": "495MiB" }, /wanted a size from 496MiB to 64GiB, such as 800MiB/],
    [{ "telemetry-memory": "600" }, /^Cannot use --telemetry-memory "600": wanted a size/],
    [{ "telemetry-memory": "65GiB" }, /wanted a size/],
    [{ "telemetry-memory": "600MiB", "clickhouse-url": "http://a" }, /leave it out/],
    [{ "telemetry-size": "1MiB" }, /^Cannot use --telemetry-size "1MiB": wanted a size from 64MiB/],
    [{ "telemetry-size": "1.5GiB" }, /wanted a size/],
    [{ "telemetry-age": "3h" }, /^Cannot use --telemetry-age "3h": wanted a time from 4h to 366d/],
    [{ "telemetry-age": "1w" }, /such as 12h or 30d/],
    [{ telemetry: "off", "otlp-port": "4318" }, /^Cannot use --otlp-port with --telemetry off/],
    [{ telemetry: "off", "telemetry-age": "7d" }, /leave one of them out/],
  ] as const) {
    t.throws(() => parseTelemetryWords(values), { code: "CLRK_INVALID_ARGUMENT", message });
  }
  const words = { telemetryOff: false, clickhouseUrl: "http://a", clickhousePasswordFile: "/none" };
  t.throws(() => readClickHouse(words, {}), { message: /Cannot read the password/ });
});
