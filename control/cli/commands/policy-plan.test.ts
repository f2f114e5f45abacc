/** Tests of `clrk policy plan` as a whole command line, on records and manifests in files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import type { EgressRecord } from "../../../gateway/record.ts";
import { engineRecord } from "../testdata/recorded.ts";
import { createFakeContext } from "../testdata/fake-context.ts";

const nowMs = Date.UTC(2026, 10, 24, 0, 6);
const apiVersion = "clrk.apoxy.dev/v1alpha1";
const parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress" }];
const listeners = [{ name: "tls", protocol: "TLS", tls: { mode: "Terminate" } }];

function policy(rules: readonly object[], more: readonly object[] = []): string {
  const objects = [
    { kind: "EgressGateway", metadata: { name: "egress" }, spec: { listeners, explicitProxy: {} } },
    { kind: "AIProviderRoute", metadata: { name: "openai" }, spec: { parentRefs, rules } },
    ...more,
  ];
  return objects.map((object) => `---\n${JSON.stringify({ apiVersion, ...object })}\n`).join("");
}

const allows = { matches: [{ provider: "openai", endpoints: ["/v1/chat/completions"] }] };
const embeds = { matches: [{ provider: "openai", endpoints: ["/v1/embeddings"] }] };

function call(ageMs: number, changes: Partial<EgressRecord> = {}): EgressRecord {
  const startUnixMs = nowMs - ageMs;
  const time = new Date(startUnixMs).toISOString();
  return engineRecord({ id: `r${ageMs}`, startUnixMs, time, credential: null, ...changes });
}

async function prepare(t: Test, records: readonly EgressRecord[]) {
  const context = await createFakeContext(t);
  const write = (name: string, text: string) =>
    writeFileSync(join(context.workingDirectory, name), text);
  mkdirSync(context.home.records, { recursive: true });
  const lines = records.map((record) => `${JSON.stringify(record)}\n`).join("");
  writeFileSync(join(context.home.records, "records.jsonl"), lines);
  write("old.yaml", policy([allows]));
  write("same.yaml", policy([allows]));
  write("new.yaml", policy([embeds]));
  return { context, write };
}

const hourMs = 3_600_000;

t.test("policy plan finds nothing where nothing changes, and exits with 0", async (t) => {
  const { context } = await prepare(t, [call(hourMs), call(2 * hourMs)]);
  t.equal(await context.clrk("policy", "plan", "-f", "same.yaml", "--against", "old.yaml"), 0);
  t.match(context.stdout(), /2 records decided as before/);
  t.equal(context.stderr(), "");
  t.equal(await context.clrk("policy", "plan", "-f", "same.yaml"), 0);
  t.match(context.stdout(), /Compared with what the records say/);
});

t.test("policy plan exits with 3 for what is newly denied, unless told otherwise", async (t) => {
  const { context } = await prepare(t, [call(hourMs)]);
  const words = ["policy", "plan", "-f", "new.yaml", "--against", "old.yaml"];
  t.equal(await context.clrk(...words), 3);
  t.match(context.stdout(), /newly denied \(1 request, 1 agent\)/);
  t.match(context.stdout(), /AIProviderRoute default\/openai rule 0 -> no-rule/);
  t.equal(await context.clrk(...words, "--fail-on", "rerouted,allowed"), 0);
  t.equal(await context.clrk(...words, "--fail-on", "none"), 0);
  const back = ["policy", "plan", "-f", "old.yaml", "--against", "new.yaml"];
  t.equal(await context.clrk(...back), 0);
  t.match(context.stdout(), /newly allowed \(1 request, 1 agent\)/);
  t.equal(await context.clrk(...back, "--fail-on", "allowed"), 3);
});

t.test("policy plan looks at the time and gateway that are asked for", async (t) => {
  const other = { gateway: { namespace: "default", name: "other" } };
  const { context } = await prepare(t, [call(30 * hourMs), call(hourMs), call(2 * hourMs, other)]);
  const words = ["policy", "plan", "-f", "new.yaml", "-o", "json"];
  t.equal(await context.clrk(...words, "--since", "24h"), 3);
  t.match(JSON.parse(context.stdout()), { records: 2, otherGateways: 1 });
  t.equal(await context.clrk(...words, "--since", "24h", "--gateway", "default/egress"), 3);
  t.match(JSON.parse(context.stdout()), {
    ...{ against: "what the records say", records: 1, same: 0, otherGateways: 0, malformed: 0 },
    differences: [{ kind: "denied", count: 1, agents: 1, examples: [{ record: `r${hourMs}` }] }],
  });
});

t.test(
  "policy plan fails where no gateway is in both policies, for nothing is known then",
  async (t) => {
    const { context, write } = await prepare(t, [call(hourMs)]);
    write("part.yaml", policy([allows]).split("---\n").at(2) ?? "");
    const words = ["policy", "plan", "-f", "part.yaml", "--against", "old.yaml"];
    t.equal(await context.clrk(...words, "--fail-on", "none"), 1);
    t.match(context.stdout(), /1 record of gateways that are not in both policies/);
    t.match(context.stderr(), /Nothing was compared: .*\nName its manifest too: /);
  },
);

t.test("policy plan counts limits and budgets in the order of time", async (t) => {
  const { context, write } = await prepare(t, [call(1), call(3), call(2)]);
  const few = {
    kind: "RateLimitPolicy",
    metadata: { name: "few" },
    spec: { requests: 2, window: "1h" },
  };
  const extensionRef = { group: "clrk.apoxy.dev", kind: "RateLimitPolicy", name: "few" };
  write(
    "limited.yaml",
    policy([{ ...allows, filters: [{ type: "ExtensionRef", extensionRef }] }], [few]),
  );
  const words = ["policy", "plan", "--against", "old.yaml", "-o", "json"];
  t.equal(await context.clrk(...words, "-f", "limited.yaml"), 3);
  t.match(JSON.parse(context.stdout()).differences, [{ kind: "limited", count: 1 }]);
});

t.test("policy plan takes Secrets by name, and needs no value", async (t) => {
  const injected = {
    kind: "CredentialInjectionPolicy",
    metadata: { name: "key" },
    spec: {
      targetRefs: [{ group: "clrk.apoxy.dev", kind: "AIProviderRoute", name: "openai" }],
      ...{ secretRef: { name: "key" }, target: "Header", headerName: "Authorization" },
    },
  };
  const { context, write } = await prepare(t, [call(hourMs)]);
  write("keyed.yaml", policy([allows], [injected]));
  const words = ["policy", "plan", "-f", "keyed.yaml", "--against", "old.yaml"];
  t.equal(await context.clrk(...words), 3);
  t.match(context.stdout(), /-> credential-missing/);
  t.equal(await context.clrk(...words, "--secret", "key=NOT_SET_ANYWHERE"), 3);
  t.match(context.stdout(), /other credential \(1 request, 1 agent\)/);
  t.match(context.stdout(), /Secret default\/key in authorization/);
});

t.test("policy plan tells wrong manifests as clrk dev does, and exits with 1", async (t) => {
  const { context, write } = await prepare(t, [call(hourMs)]);
  write("bad.yaml", policy([{ matches: [{ provider: "nobody" }] }]));
  t.equal(await context.clrk("policy", "plan", "-f", "bad.yaml"), 1);
  t.match(
    context.stderr(),
    /^clrk: Cannot use the manifests: 1 problem\n {2}bad\.yaml:\d+: spec\.rules/,
  );
});

const mistakes = [
  { words: [], message: /no manifests are named/, code: 2 },
  { words: ["-f", "new.yaml", "--since", "yesterday"], message: /for --since/, code: 2 },
  {
    words: ["-f", "new.yaml", "--fail-on", "denials"],
    message: /"denials" for --fail-on/,
    code: 2,
  },
  {
    words: ["-f", "new.yaml", "--against", "old.yaml", "--recorded"],
    message: /two things/,
    code: 2,
  },
  { words: ["-f", "none.yaml"], message: /none\.yaml/, code: 1 },
  { words: ["-f", "new.yaml", "--records", "none.jsonl"], message: /none\.jsonl/, code: 1 },
];

for (const { words, message, code } of mistakes) {
  t.test(`policy plan ${words.join(" ")} exits with ${code}`, async (t) => {
    const { context } = await prepare(t, [call(hourMs)]);
    t.equal(await context.clrk("policy", "plan", ...words), code);
    t.match(context.stderr(), message);
  });
}

t.test("policy plan says where it looked for records", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("policy", "plan", "-f", "new.yaml"), 1);
  t.match(context.stderr(), /there are no records in ".*records"\nLet agents work/);
});
