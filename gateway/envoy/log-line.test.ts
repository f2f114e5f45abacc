/** Tests how Envoy's lines become entries, and that nothing of a crash report does. */
import t from "tap";
import { EnvoyLogReader } from "./log-line.ts";

const lines: readonly { readonly line: string; readonly want: object | undefined }[] = [
  { line: "warning|config|odd", want: { level: "warn", component: "config", message: "odd" } },
  { line: "info|main|ready", want: { level: "warn", component: "main", message: "ready" } },
  { line: "error|upstream|a|b", want: { level: "error", component: "upstream", message: "a|b" } },
  { line: "critical|main|dead", want: { level: "error", component: "main", message: "dead" } },
  { line: "error||x", want: { level: "error", component: "", message: "x" } },
  { line: "one|two", want: { level: "error", component: "envoy", message: "one|two" } },
  { line: "odd|a|b", want: { level: "error", component: "envoy", message: "odd|a|b" } },
  { line: "", want: undefined },
  { line: "warning|misc|x is marked as work-in-progress", want: undefined },
  { line: "warning|main|There is no configured limit to y", want: undefined },
  ...[
    "error|config|listener \\'explicit-proxy\\' failed to bind or apply socket options: ",
    "warning|upstream|lds: listener \\'explicit-proxy\\' config rejected: ",
    "warning|config|delta config for type.x/a.Listener rejected: Error explicit-proxy: ",
    "warning|config|gRPC config for type.x/a.Listener rejected: Error explicit-proxy: ",
  ].map((start) => ({
    line: `${start}cannot bind \\'127.0.0.1:1\\': Address already in use`,
    want: undefined,
  })),
  {
    line: 'warning|config|a\\nb\\t\\"c\\" \\\\n d\\\'s caf\\303\\251',
    want: { level: "warn", component: "config", message: 'a\nb\t"c" \\n d\'s café' },
  },
];

for (const { line, want } of lines) {
  t.test(`EnvoyLogReader.read() of "${line}"`, async (t) => {
    t.same(new EnvoyLogReader().read(line), want);
  });
}

t.test("EnvoyLogReader.read() cuts long messages and says so", async (t) => {
  const text = "a".repeat(5_000);
  const message = `${"a".repeat(1_000)}… (4000 characters left out)`;
  t.equal(new EnvoyLogReader().read(`error|x|${text}`)?.message, message);
  t.equal(new EnvoyLogReader().read(text)?.message, message);
  t.equal(new EnvoyLogReader().read(`error|x|${"a".repeat(1_000)}`)?.message, "a".repeat(1_000));
});

/** As Envoy 1.40 prints it when a thread crashes that handles a request. */
const report = [
  "critical|backtrace|Backtrace (use tools/stack_decode.py to get line numbers):",
  "critical|backtrace|#0: [0x7f6603c61050]",
  "ActiveStream 0x1, stream_id_: 7&filter_manager_: ",
  "  request_headers_: ",
  "':authority', 'a.example.com'",
  "'authorization', 'Bearer canary'",
  "error|x|'authorization', 'Bearer canary'",
];

const crashes: readonly { readonly line: string; readonly message: string }[] = [
  {
    line: "critical|backtrace|Caught Segmentation fault, suspect faulting address 0x0",
    message: "Caught Segmentation fault, suspect faulting address 0x0",
  },
  { line: "Caught Aborted", message: "Caught Aborted" },
  {
    line: "critical|assert|assert failure: x != nullptr. Details: a\\nb",
    message: "assert failure: x != nullptr. Details: a",
  },
  { line: "critical|assert|panic: not reached", message: "panic: not reached" },
  {
    line: "critical|main|std::terminate called! Uncaught EnvoyException 'x', see trace.",
    message: "std::terminate called! Uncaught EnvoyException 'x', see trace.",
  },
];

for (const { line, message } of crashes) {
  t.test(`EnvoyLogReader.read() lets nothing pass after "${line}"`, async (t) => {
    const reader = new EnvoyLogReader();
    t.equal(reader.read("warning|config|before")?.message, "before");
    const entry = reader.read(line);
    t.equal(
      entry?.message,
      `${message} (the report that follows may hold headers and is left out)`,
    );
    t.equal(entry?.level, "error");
    for (const next of report) t.equal(reader.read(next), undefined, next);
    t.ok(new EnvoyLogReader().read("warning|config|next life"));
  });
}

t.test("EnvoyLogReader.read() keeps a few lines of a failed start", async (t) => {
  const reader = new EnvoyLogReader();
  t.equal(
    reader.read("error while loading shared libraries: libm.so.6")?.message,
    "error while loading shared libraries: libm.so.6",
  );
  for (let count = 0; count < 9; count++) t.ok(reader.read("more"));
  t.equal(reader.read("too many"), undefined);
});

t.test("EnvoyLogReader.read() takes no line in no format once Envoy has logged", async (t) => {
  for (const first of ["error|x|y", "warning|main|There is no configured limit to y"]) {
    const reader = new EnvoyLogReader();
    reader.read(first);
    for (const line of report.filter((line) => !/^[a-z]+\|/.test(line))) {
      t.equal(reader.read(line), undefined, line);
    }
    t.equal(reader.read("error|x|later")?.message, "later");
  }
});
