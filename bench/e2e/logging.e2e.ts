/**
 * LoggingPolicies as their authors mean them: what is taken out is in no file, no export and no live line, a share of
 * traces is kept and every failure, and records go to the sink that a rule names and nowhere else.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { EgressRecord } from "../../gateway/record.ts";
import { startCollector } from "../../gateway/testdata/otlp-collector.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { waitUntil } from "../harness/processes.ts";
import { openAiKey, startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, {
  tlsHosts: ["share.test", "audit.test", "siem.test", "plain.test"],
});
const [general, siem] = [await startCollector(), await startCollector()];
t.teardown(() => general.close());
t.teardown(() => siem.close());

const logged = (name: string) => ({
  type: "ExtensionRef",
  extensionRef: { group: "clrk.apoxy.dev", kind: "LoggingPolicy", name },
});
const hostRoute = (name: string, host: string, policy: string) =>
  objectManifest("EgressHTTPRoute", name, {
    hostnames: [host],
    rules: [{ filters: [logged(policy)] }],
  });
const both = { captureRequest: true, captureResponse: true };

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({
      ...upstreams,
      spec: {
        otlp: { endpoint: general.endpoint },
        sinks: [
          { name: "audit", type: "File" },
          { name: "siem", type: "OTLP", otlp: { endpoint: siem.endpoint } },
        ],
      },
    }),
    "policies.yaml": [
      objectManifest("LoggingPolicy", "private", {
        ...both,
        redactJsonPaths: ["$.messages[*].name", "$.metadata"],
        redactShapes: ["Email", "PaymentCard"],
        redactPatterns: ["CUST-[0-9]{6}"],
        redactQuery: ["user"],
      }),
      objectManifest("LoggingPolicy", "share", { ...both, sample: "20%" }),
      objectManifest("LoggingPolicy", "audit", { ...both, sinkRef: "audit" }),
      objectManifest("LoggingPolicy", "siem", { ...both, sinkRef: "siem" }),
    ].join(""),
    "routes.yaml": [
      objectManifest("AIProviderRoute", "openai", {
        rules: [{ matches: [{ provider: "openai" }], filters: [logged("private")] }],
      }),
      hostRoute("share", "share.test", "share"),
      hostRoute("audit", "audit.test", "audit"),
      hostRoute("siem", "siem.test", "siem"),
      objectManifest("EgressHTTPRoute", "plain", { hostnames: ["plain.test"], rules: [{}] }),
    ].join(""),
  },
});
const run = await gateway.registerRun("writer");

const canaries = {
  email: "alice.canary@example.com",
  card: "4111 1111 1111 1111",
  customer: "CUST-482915",
  key: "sk-proj-Canary1b2C3d4E5f6G7h8",
  person: "canary-person",
  note: "canary-note",
  parameter: "canary-parameter",
};

function chat(stream: boolean) {
  const { email, card, customer, key, person, note, parameter } = canaries;
  return requestThrough(run, `https://api.openai.com/v1/chat/completions?user=${parameter}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${openAiKey}` },
    body: JSON.stringify({
      model: "gpt-4.1",
      stream,
      metadata: { note },
      messages: [
        {
          role: "user",
          name: person,
          content: `Mail ${email} of ${customer}, card ${card}, ${key}!`,
        },
      ],
    }),
  });
}

/** What anybody can read of records, without what went to the agent and the upstream. */
function outputs(): string {
  const bodies = [...general.spans(), ...siem.spans()].flatMap(({ events }) =>
    (events ?? []).flatMap(({ attributes }) =>
      (attributes ?? []).map(({ value }) => value?.stringValue ?? ""),
    ),
  );
  const texts = [
    readFileSync(join(gateway.home, "records/records.jsonl"), "utf8"),
    textOfAll(gateway.records),
    textOfAll(general.spans()),
    textOfAll(general.logs()),
    ...bodies,
  ];
  const kept = texts.flatMap((text) =>
    [...text.matchAll(/[A-Za-z0-9+/]{40,}={0,2}/g)].map(([base64]) =>
      Buffer.from(base64, "base64").toString("latin1"),
    ),
  );
  return [...texts, ...kept].join("\n");
}

t.test("what a policy takes out is nowhere, in whole answers and in streams", async (test) => {
  for (const stream of [false, true]) {
    const response = await chat(stream);
    test.equal(response.status, 200);
    test.match(response.text, "canary", "the agent gets what was said");
  }
  await waitUntil(() => general.spans().length >= 2 && gateway.records.length >= 2, {
    what: "two records",
    deadlineMs: 10_000,
  });
  const records = await fileRecords("records.jsonl", 2);
  for (const record of records) {
    test.equal(record.request.query, "user=[redacted]");
    const { requestBody, responseBody } = record.capture ?? {};
    const asked = JSON.parse(textOf(requestBody?.base64));
    test.match(asked, { metadata: "[redacted]", messages: [{ name: "[redacted]" }] });
    test.equal(
      asked.messages[0].content,
      "Mail [redacted email] of [redacted], card [redacted payment card], [redacted]!",
    );
    test.match(textOf(responseBody?.base64), "[redacted email]");
  }
  const seen = outputs();
  for (const [name, canary] of Object.entries(canaries)) {
    test.notOk(seen.includes(canary), `${name} is in no output`);
  }
  for (const piece of ["alice.canary", "1111 1111", "482915"]) {
    test.notOk(seen.includes(piece), `no piece ${piece}`);
  }
});

t.test("a share of traces is kept, whole, and every failure", async (test) => {
  const requests = 300;
  const before = gateway.records.length;
  let failures = 0;
  for (let sent = 0; sent < requests; sent += 20) {
    const paths = Array.from({ length: 20 }, (_, index) => (index === 0 ? "/status/500" : "/sink"));
    const answers = await Promise.all(
      paths.map((path) =>
        requestThrough(run, `https://share.test${path}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: '{"a":1}',
        }),
      ),
    );
    failures += answers.filter(({ status }) => status === 500).length;
  }
  await waitUntil(() => gateway.records.length >= before + requests, {
    what: "records of all requests",
    deadlineMs: 20_000,
  });
  const kept = (await fileRecords("records.jsonl", before + requests))
    .filter(({ request }) => request.host === "share.test")
    .filter(({ capture }) => capture !== null);
  const ofFailures = kept.filter(({ response }) => response.status === 500);
  test.equal(ofFailures.length, failures);
  const share = (kept.length - failures) / (requests - failures);
  // Five standard deviations of 285 draws at 20 %.
  test.ok(Math.abs(share - 0.2) < 0.119, `kept ${share}`);
});

t.test("records of a sink go to the sink in place of others", async (test) => {
  const hosts = ["plain.test", "audit.test", "siem.test"];
  for (const host of hosts) {
    const url = `https://${host}/echo`;
    const response = await requestThrough(run, url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: `{"for":"${host}"}`,
    });
    test.equal(response.status, 200, host);
  }
  await waitUntil(() => siem.spans().length === 1, {
    what: "a span of the sink",
    deadlineMs: 10_000,
  });
  const audit = await fileRecords("records.default.egress.audit.jsonl", 1);
  test.same(
    audit.map(({ request }) => request.host),
    ["audit.test"],
  );
  const file = (await fileRecords("records.jsonl", 2)).map(({ request }) => request.host);
  test.same([file.includes("plain.test"), file.includes("audit.test")], [true, false]);
  const exported = textOfAll(general.spans());
  test.notMatch(exported, /audit\.test|siem\.test/);
  test.match(textOfAll(siem.spans()), /siem\.test/);
  test.equal((await gateway.status()).records.dropped, 0);
});

async function fileRecords(name: string, atLeast: number): Promise<EgressRecord[]> {
  const path = join(gateway.home, "records", name);
  const read = () => readFileSync(path, "utf8").trim().split("\n");
  await waitUntil(() => read().length >= atLeast, {
    what: "lines of the file",
    deadlineMs: 10_000,
  });
  return read().map((line): EgressRecord => JSON.parse(line));
}

function textOf(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString();
}

/** Times of spans are whole numbers beyond those of JSON. */
function textOfAll(values: readonly unknown[]): string {
  return JSON.stringify(values, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
}
