/** Tests how Envoy's lines become entries: levels, lines in no format, noise and length. */
import t from "tap";
import { parseEnvoyLogLine } from "./log-line.ts";

const lines: readonly { readonly line: string; readonly want: object | undefined }[] = [
  { line: "warning|config|odd", want: { level: "warn", component: "config", message: "odd" } },
  { line: "info|main|ready", want: { level: "warn", component: "main", message: "ready" } },
  { line: "error|upstream|a|b", want: { level: "error", component: "upstream", message: "a|b" } },
  { line: "critical|main|dead", want: { level: "error", component: "main", message: "dead" } },
  {
    line: "Caught Aborted",
    want: { level: "error", component: "envoy", message: "Caught Aborted" },
  },
  { line: "one|two", want: { level: "error", component: "envoy", message: "one|two" } },
  { line: "", want: undefined },
  { line: "warning|misc|x is marked as work-in-progress", want: undefined },
  { line: "warning|main|There is no configured limit to y", want: undefined },
];

for (const { line, want } of lines) {
  t.test(`parseEnvoyLogLine() of "${line}"`, async (t) => {
    t.same(parseEnvoyLogLine(line), want);
  });
}

t.test("parseEnvoyLogLine() cuts long messages", async (t) => {
  t.equal(parseEnvoyLogLine(`error|x|${"a".repeat(5_000)}`)?.message.length, 2_000);
  t.equal(parseEnvoyLogLine("a".repeat(5_000))?.message.length, 2_000);
});
