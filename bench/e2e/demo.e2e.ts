/** The README's first command, as a new user runs it. */
import { join } from "node:path";
import t from "tap";
import { runProcess, temporaryDirectory } from "../harness/processes.ts";

const root = join(import.meta.dirname, "../..");
const main = join(root, "bench/demo/main.ts");

function demo(home: string, ...words: string[]) {
  const { PATH, HOME, CLRK_ENVOY } = process.env;
  const environment = { PATH, HOME, CLRK_HOME: home, ...(CLRK_ENVOY && { CLRK_ENVOY }) };
  return runProcess(
    { command: process.execPath, arguments: [main, ...words], environment: defined(environment) },
    40_000,
  );
}

function defined(environment: Readonly<Record<string, string | undefined>>) {
  const entries = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}

t.test("npm run demo shows an allowed and a refused call within 80 columns", async (t) => {
  const { stdout, exitCode } = await demo(temporaryDirectory(t));
  t.equal(exitCode, 0);
  t.match(stdout, "✔ allowed     POST https://api.openai.com/v1/chat/completions");
  t.match(stdout, "authorization from Secret default/openai");
  t.match(stdout, /answered +200 in .* · \d+ → \d+ tok/);
  t.match(stdout, "no route allows host paste.example (defaultPolicy deny-all)");
  t.match(stdout, "npx clrk run -- python my_agent.py");
  t.notMatch(stdout, "sk-demo-held", "the key is in no line");
  const longest = Math.max(...stdout.split("\n").map((line) => [...line].length));
  t.ok(longest <= 80, `longest line has ${longest} columns`);
});

t.test("npm run demo -- --json prints one object", async (t) => {
  const { stdout, exitCode } = await demo(temporaryDirectory(t), "--json");
  t.equal(exitCode, 0);
  t.match(JSON.parse(stdout), {
    ok: true,
    decision: { verdict: "allow", route: { kind: "AIProviderRoute", name: "openai" } },
    credential: { name: "Secret default/openai", header: "authorization" },
    tier: "engine",
    usage: { inputTokens: Number, outputTokens: Number },
    denied: { host: "paste.example", status: 403, reason: "default-policy" },
  });
});
