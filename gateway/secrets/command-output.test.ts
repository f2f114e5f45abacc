/** Tests of what a command may print; nothing of it is ever in a message. */
import t from "tap";
import { readCommandOutput } from "./command-output.ts";

const nowMs = Date.UTC(2026, 0, 1);
const read = (output: string, key?: string) =>
  readCommandOutput(Buffer.from(output), { key, nowMs });
const values = (entries: Readonly<Record<string, string>>) =>
  new Map(Object.entries(entries).map(([key, value]) => [key, Buffer.from(value)]));

const good: readonly {
  name: string;
  output: string;
  key?: string;
  wanted: Readonly<Record<string, string>>;
  expiresAtMs?: number;
}[] = [
  { name: "plain text", output: "value\n", wanted: { token: "value" } },
  { name: "plain text for a key", output: "value", key: "api", wanted: { api: "value" } },
  {
    name: "an object",
    output: '{"token": "value", "org": "one"}\n',
    wanted: { token: "value", org: "one" },
  },
  {
    name: "an object that expires",
    output: '  {"token": "value", "expiresAt": "2026-01-01T01:00:00+01:00"}',
    wanted: { token: "value" },
    expiresAtMs: nowMs,
  },
  {
    name: "an object for a key, as it is",
    output: '{"type": "service_account", "n": 1}',
    key: "key.json",
    wanted: { "key.json": '{"type": "service_account", "n": 1}' },
  },
  {
    name: "a credential process of AWS",
    output: JSON.stringify({
      ...{ Version: 1, AccessKeyId: "id", SecretAccessKey: "key", SessionToken: "session" },
      Expiration: "2026-01-01T01:00:00Z",
    }),
    wanted: { access_key_id: "id", secret_access_key: "key", session_token: "session" },
    expiresAtMs: nowMs + 3_600_000,
  },
  {
    name: "a credential process of AWS without a session",
    output: '{"Version": 1, "AccessKeyId": "id", "SecretAccessKey": "key"}',
    wanted: { access_key_id: "id", secret_access_key: "key" },
  },
];
for (const { name, output, key, wanted, expiresAtMs } of good) {
  t.test(`readCommandOutput() reads ${name}`, (t) => {
    const outcome = readCommandOutput(Buffer.from(output), { key, nowMs: nowMs - 1 });
    const expiry = expiresAtMs === undefined ? {} : { expiresAtMs };
    t.same(outcome, { kind: "values", values: values(wanted), warning: "", ...expiry });
    t.end();
  });
}

const bad = [
  { name: "nothing", output: "\n", says: "it printed nothing" },
  { name: "broken JSON", output: '{"token": "hidden"', says: "it printed what begins like JSON" },
  { name: "a number", output: '{"a": "hidden", "n": 1}', says: 'it printed an object whose "n"' },
  { name: "an empty value", output: '{"a": ""}', says: 'it printed an object whose "a" is empty' },
  { name: "no key", output: '{"hidden key": "x"}', says: "it printed an object with a name" },
  {
    name: "no value",
    output: '{"expiresAt": "2027-01-01T00:00:00Z"}',
    says: "it printed an object without",
  },
  {
    name: "too many",
    output: JSON.stringify(
      Object.fromEntries(Array.from({ length: 129 }, (_, n) => [`k${n}`, "hidden"])),
    ),
    says: "it printed an object of more than 128 values",
  },
  ...["hidden", "2026-01-01", "2027-13-01T00:00:00Z", "2027-01-01T00:00:00"].map((time) => ({
    name: `the time ${time}`,
    output: JSON.stringify({ token: "hidden", expiresAt: time }),
    says: 'it printed an "expiresAt" that is no time',
  })),
  {
    name: "a time as a number",
    output: '{"token": "hidden", "expiresAt": 1767225600}',
    says: 'it printed an "expiresAt" that is no time',
  },
  {
    name: "what has expired",
    output: '{"token": "hidden", "expiresAt": "2026-01-01T00:00:00Z"}',
    says: "it printed a value that has expired already",
  },
  {
    name: "half of AWS",
    output: '{"Version": 1, "AccessKeyId": "hidden"}',
    says: "it printed a credential of AWS without",
  },
];
for (const { name, output, says } of bad) {
  t.test(`readCommandOutput() fails on ${name} and shows nothing of it`, (t) => {
    const outcome = read(output);
    if (outcome.kind === "values") throw new Error("not refused");
    t.equal(outcome.message.slice(0, says.length), says);
    t.notMatch(outcome.message, /hidden/);
    t.end();
  });
}

t.test(
  "readCommandOutput() reads or refuses every cut of an output, and shows nothing of it",
  (t) => {
    const output = JSON.stringify({
      ...{ Version: 1, AccessKeyId: "hidden", SecretAccessKey: "hidden", SessionToken: "hidden" },
      Expiration: "2026-01-01T01:00:00Z",
    });
    const outcomes = Array.from({ length: output.length + 1 }, (_, at) => [
      ...[output.slice(0, at), output.slice(at)],
      `${output.slice(0, at)}${output.slice(at + 1)}`,
    ])
      .flat()
      .map((text) => read(text));
    const messages = outcomes.flatMap((one) => (one.kind === "failed" ? [one.message] : []));
    t.ok(messages.length > output.length);
    t.same(
      messages.filter((message) => message.includes("hidden")),
      [],
    );
    t.end();
  },
);
