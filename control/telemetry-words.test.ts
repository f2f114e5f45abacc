/** Tests of how a control process is told of its telemetry: nothing secret is on a command line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseTelemetryWords, readClickHouse } from "./telemetry-words.ts";

t.test("telemetry is on, in the embedded store, unless told otherwise", async (t) => {
  t.same(parseTelemetryWords({}), { telemetryOff: false });
  t.same(parseTelemetryWords({ telemetry: "off" }), { telemetryOff: true });
  t.equal(readClickHouse(parseTelemetryWords({}), {}), undefined);
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
    [{ "clickhouse-password-file": "f" }, /without --clickhouse-url/],
  ] as const) {
    t.throws(() => parseTelemetryWords(values), { code: "CLRK_INVALID_ARGUMENT", message });
  }
  const words = { telemetryOff: false, clickhouseUrl: "http://a", clickhousePasswordFile: "/none" };
  t.throws(() => readClickHouse(words, {}), { message: /Cannot read the password/ });
});
