/** `clrk traces` on a real terminal: what a person sees of spans that come, keys, sizes, and the terminal afterwards. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { createFakeContext } from "../../control/cli/testdata/fake-context.ts";
import { openReadApi, spanDocument } from "../../control/cli/testdata/fake-read-api.ts";
import { openTerminal, whyNoTerminal } from "../harness/terminal.ts";

const skip = whyNoTerminal() ?? false;
const main = join(import.meta.dirname, "../../control/cli/main.ts");
const { PATH = "", HOME = "" } = process.env;
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
const base64 = (value: string) => Buffer.from(value).toString("base64");

const root = spanDocument(0, {
  name: "invocation",
  endTimeUnixNano: String(1_790_000_000_000_000_000n + 3_210_000_000n),
});
const model = spanDocument(
  1,
  {
    name: "chat gpt-4.1",
    parentSpanId: "0000000000000000",
    events: [
      {
        name: "http.request.body",
        timeUnixNano: "1790000001000000000",
        attributes: [
          text("clrk.body.b64", base64('{"prompt":"tides\u202e"}')),
          { key: "clrk.body.bytes", value: { intValue: "18" } },
        ],
      },
    ],
  },
  {
    "gen_ai.usage.input_tokens": { intValue: "2114" },
    "gen_ai.usage.output_tokens": { intValue: "387" },
    "clrk.charge.cost_usd": { doubleValue: 0.0121 },
    "http.response.status_code": { intValue: "200" },
  },
);
const denied = spanDocument(
  2,
  { name: "GET paste\u001b[31m.example", parentSpanId: "0000000000000000" },
  {
    "server.address": "paste.example",
    "clrk.decision": "deny",
    "clrk.deny.reason": "default-policy",
    "http.response.status_code": { intValue: "403" },
  },
);

async function open(t: Test, options: { readonly words?: string; readonly env?: object } = {}) {
  const context = await createFakeContext(t);
  const api = await openReadApi(t, context);
  api.store(root, model, denied);
  const { words = "-f", env = {} } = options;
  const pidFile = join(context.home.root, "pid");
  const terminal = await openTerminal(t, {
    // The shell that writes down its process id becomes the command.
    command: `echo before; sh -c 'echo $$ > ${pidFile}; exec ${process.execPath} --disable-warning=ExperimentalWarning ${main} traces process/tool ${words}'; echo "code $?"`,
    environment: { PATH, HOME, CLRK_HOME: context.home.root, ...env },
  });
  return { api, terminal, pid: async () => Number(await readFile(pidFile, "utf8")) };
}

t.test(
  "a person sees the tree with tokens, cost and denials, and spans that come",
  { skip },
  async (t) => {
    const { api, terminal } = await open(t);
    const seen = await terminal.see(/3 spans, 1 trace · following/);
    t.match(seen, /^traces {2}Process default\/tool/m);
    t.match(
      seen,
      /▾ trace 0af7651916cd43dd {2}3 spans {2}3\.21s {2}2,114→387 tok {2}\$0\.0121 {2}1 denied/,
    );
    t.match(seen, /in {2}✔ invocation/);
    t.match(seen, /llm ✔ ├─chat gpt-4\.1 +200 +45ms {2}2,114→387 tok {2}\$0\.0121/);
    t.match(seen, /❯ .* net ✘ └─GET paste\\x1b\[31m\.… +403 +45ms {2}denied: default-policy/);
    t.equal(seen.trimEnd().split("\n").length, 24);
    t.strictSame(await terminal.modes(), { alternate: true, cursor: false });
    await terminal.press("k");
    await terminal.see(/❯ .*chat gpt-4\.1/);
    for (let index = 3; index < 200; index++) api.store(spanDocument(index));
    const after = await terminal.see(/200 spans/);
    t.match(after, /❯ .*chat gpt-4\.1/, "what was looked at stays");
    await terminal.press("G");
    await terminal.see(/❯ .*host199\.example/);
    api.store(spanDocument(200));
    await terminal.see(/❯ .*host200\.example/);
    await terminal.press("g");
    await terminal.see(/❯ ▾ trace 0af7651916cd43dd/);
    await terminal.press("PageDown", "PageDown");
    await terminal.see(/❯ .*host41\.example/);
  },
);

t.test(
  "a person opens a span, goes through levels of detail, and folds a trace",
  { skip },
  async (t) => {
    const { terminal } = await open(t, { words: "" });
    await terminal.see(/3 spans, 1 trace · not following/);
    await terminal.press("k", "Enter");
    const opened = await terminal.see(/http\.request\.body {2}18 bytes/);
    t.match(opened, /gen_ai\.usage\.input_tokens = 2114/);
    t.match(opened, /^ +"prompt": "tides\\u202e"$/m);
    await terminal.press("Enter");
    await terminal.seeNo(/http\.request\.body/);
    await terminal.press("+");
    await terminal.see(/^attributes ·[\s\S]*/m);
    await terminal.see(/gen_ai\.usage\.input_tokens = 2114/);
    await terminal.press("+", "+");
    await terminal.see(/^full bodies ·/m);
    await terminal.press("-", "-", "-");
    await terminal.see(/^graph ·/m);
    await terminal.press("g", "Enter");
    const folded = await terminal.see(/▸ trace/);
    t.notMatch(folded, /chat gpt/);
  },
);

t.test("the screen follows the size of the terminal", { skip }, async (t) => {
  const { terminal } = await open(t);
  await terminal.see(/following/);
  await terminal.resize(40, 8);
  const small = await terminal.see(/❯/);
  t.ok(small.trimEnd().split("\n").length <= 8);
  await terminal.resize(160, 40);
  const large = await terminal.see(/━━/);
  t.equal(large.trimEnd().split("\n").length, 40);
});

for (const { name, keys, code } of [
  { name: "q", keys: ["q"], code: 0 },
  { name: "Escape", keys: ["Escape"], code: 0 },
  { name: "Ctrl-C", keys: ["C-c"], code: 0 },
]) {
  t.test(`the terminal is as it was after ${name}`, { skip }, async (t) => {
    const { terminal } = await open(t);
    await terminal.see(/following/);
    await terminal.press(...keys);
    const seen = await terminal.see(new RegExp(`^code ${code}`, "m"));
    t.match(seen, /^before/m);
    t.notMatch(seen, /trace 0af/);
    t.strictSame(await terminal.modes(), { alternate: false, cursor: true });
  });
}

t.test("what was seen stays while the connection is lost", { skip }, async (t) => {
  const { terminal, api } = await open(t);
  await terminal.see(/following/);
  await api.close();
  const seen = await terminal.see(/connection lost, trying again/);
  t.match(seen, /3 spans/);
  await terminal.press("q");
  await terminal.see(/^code 0/m);
  t.strictSame(await terminal.modes(), { alternate: false, cursor: true });
});

t.test(
  "the terminal is as it was, with a sentence, when the server refuses",
  { skip },
  async (t) => {
    const { terminal, api } = await open(t);
    await terminal.see(/following/);
    api.failures.set("/traces", { status: 403, reason: "Forbidden" });
    api.cutAll();
    const seen = await terminal.see(/^code 1/m);
    t.match(seen, /^clrk: Not allowed: refused with 403/m);
    t.strictSame(await terminal.modes(), { alternate: false, cursor: true });
  },
);

t.test("the terminal is as it was after SIGTERM", { skip }, async (t) => {
  const { terminal, pid } = await open(t);
  await terminal.see(/following/);
  process.kill(await pid(), "SIGTERM");
  const seen = await terminal.see(/^code 143/m);
  t.match(seen, /^before/m);
  t.strictSame(await terminal.modes(), { alternate: false, cursor: true });
});

t.test("NO_COLOR takes the colours away", { skip }, async (t) => {
  const { terminal } = await open(t, { env: { NO_COLOR: "1" } });
  await terminal.see(/following/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
  t.notMatch(await terminal.look({ colours: true }), /\u001b\[[0-9;]*3[0-9]m|\u001b\[[12]m/);
});
