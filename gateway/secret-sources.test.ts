/** Tests of Secrets that come from variables, files, folders and commands together: what they are, and what stays. */
import { chmodSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { readSecretValue } from "../crds/secret.ts";
import { ManualClock } from "./clock.ts";
import { silentLogger } from "./log.ts";
import { formatSourceProblem } from "./manifests.ts";
import type { ManifestReading } from "./manifests.ts";
import { parseSecretFlag } from "./secret-flag.ts";
import { SecretSources } from "./secret-sources.ts";
import type { SecretSpec } from "./secret-spec.ts";
import { eventually } from "./testdata/envoy-rig.ts";

class Rig {
  readonly clock = new ManualClock();
  readonly changes: string[] = [];
  readonly log: string[] = [];
  readonly sources: SecretSources;

  constructor(
    t: Test,
    specs: readonly (string | SecretSpec)[],
    env: Readonly<Record<string, string>> = {},
  ) {
    this.sources = new SecretSources({
      specs: specs.map((spec) => (typeof spec === "string" ? parseSecretFlag(spec) : spec)),
      env: { PATH: process.env["PATH"], ...env },
      clock: this.clock,
      log: {
        ...silentLogger,
        warn: (message) => void this.log.push(message),
        info: (message) => void this.log.push(message),
      },
      onChange: (reading) => this.changes.push(textOf(reading)),
    });
    t.teardown(() => this.sources.close());
  }

  get now(): string {
    return textOf(this.sources.reading);
  }

  /** Lets time pass in small steps until something is so. */
  async until(isSo: () => boolean): Promise<void> {
    await eventually(() => {
      this.clock.advance(25);
      return isSo() ? true : undefined;
    });
  }
}

function textOf({ objects }: ManifestReading): string {
  const lines = objects.flatMap(({ object }) => {
    if (object.kind !== "Secret") return [];
    const { namespace, name } = object.metadata;
    const values = Object.keys(object.data).map((key) => {
      return `${key}=${Buffer.from(readSecretValue(object, key) ?? []).toString()}`;
    });
    return [`${namespace}/${name} ${values.join(" ")}`];
  });
  return lines.join(", ");
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

t.test("SecretSources makes one Secret of all sources with its name", async (t) => {
  const directory = t.testdir({ key: "a file's\n", aws: { id: "an id" } });
  const rig = new Rig(
    t,
    [
      "a=ONE",
      `default/a:file=file:${directory}/key`,
      "a:command=command:printf printed",
      "team/a=ONE",
      `aws=dir:${directory}/aws`,
    ],
    { ONE: "a variable's" },
  );
  await rig.sources.open();
  t.equal(
    rig.now,
    "default/a token=a variable's file=a file's command=printed, team/a token=a variable's, default/aws id=an id",
  );
  t.same(
    rig.sources.reading.objects.map(({ file, line, lineOf }) => [file, line, lineOf(["data"])]),
    [
      ["--secret a=ONE", 0, 0],
      ["--secret team/a=ONE", 0, 0],
      [`--secret aws=dir:${directory}/aws`, 0, 0],
    ],
  );
  t.same(rig.changes, []);
});

t.test("SecretSources names variables that hold nothing, and keys given twice", async (t) => {
  const flags = ["a=GONE", "b=EMPTY", "c=SET", "c=SET", "d=constructor", "e=SET", "e=dir:x"];
  const rig = new Rig(t, [...flags, "f=SET", "f=command:true"], { EMPTY: "", SET: "x" });
  await rig.sources.open();
  const { objects, problems } = rig.sources.reading;
  t.same(problems.map(formatSourceProblem), [
    '--secret a=GONE: environment variable GONE is not set, wanted the value of key "token"',
    '--secret b=EMPTY: environment variable EMPTY is empty, wanted the value of key "token"',
    '--secret c=SET: key "token" of Secret default/c is given twice, wanted each key once',
    '--secret d=constructor: environment variable constructor is not set, wanted the value of key "token"',
    "--secret e=dir:x: Secret default/e has other sources too, wanted this one alone or a key",
    "--secret f=command:true: Secret default/f has other sources too, wanted this one alone or a key",
  ]);
  t.same(objects, []);
});

t.test(
  "SecretSources passes on what a variable's Secret warns of, and what makes it invalid",
  async (t) => {
    const warned = new Rig(t, ["a=A"], { A: "x\n" });
    await warned.sources.open();
    t.equal(warned.sources.reading.objects.length, 1);
    t.same(warned.sources.reading.warnings.map(formatSourceProblem), [
      "--secret a=A: data.token: ends with a line end, which becomes part of the value",
    ]);
    const big = new Rig(t, ["a=A"], { A: "sk".repeat(600_000) });
    await big.sources.open();
    t.same(big.sources.reading.objects, []);
    t.equal(big.sources.reading.problems.length, 1);
    t.notMatch(JSON.stringify(big.sources.reading.problems), /sksk|c2tza/);
  },
);

t.test(
  "SecretSources hands on a file's new value, and keeps it while the file is gone",
  async (t) => {
    const path = join(t.testdir({ key: "first" }), "key");
    chmodSync(path, 0o644);
    const rig = new Rig(t, [`openai=file:${path}`]);
    await rig.sources.open();
    t.same(rig.log, [
      `Secret default/openai: file "${path}" can be read by other users: chmod 600 it`,
    ]);
    replace(path, "second");
    await rig.until(() => rig.changes.length > 0);
    t.same(rig.changes, ["default/openai token=second"]);
    t.match(rig.sources.status(), [{ state: "current", failure: "", warning: "", kind: "file" }]);
    const { readAt } = rig.sources.status()[0] ?? {};
    rmSync(path);
    await rig.until(() => rig.sources.status()[0]?.state === "stale");
    rig.clock.advance(60_000);
    t.same(rig.sources.status(), [
      {
        ...{ namespace: "default", name: "openai", key: "token", kind: "file" },
        origin: `--secret openai=file:${path}`,
        ...{ state: "stale", readAt, failure: `file "${path}": no such file or directory` },
        warning: "",
      },
    ]);
    t.equal(rig.now, "default/openai token=second");
    t.match(
      rig.log.at(-1),
      /^Cannot read Secret default\/openai: file ".*": no such file or directory; the value of \d s ago stays$/,
    );
    replace(path, "second");
    await rig.until(() => rig.sources.status()[0]?.state === "current");
    t.equal(rig.log.at(-1), "Secret default/openai is read again");
    t.equal(rig.log.length, 3);
    t.equal(rig.changes.length, 1);
    t.notMatch(rig.log.join(), /first|second/);
  },
);

t.test(
  "SecretSources has no object while a source never gave a value, and one as soon as it does",
  async (t) => {
    const path = join(t.testdir({}), "key");
    const rig = new Rig(t, [`openai=file:${path}`, "other=ONE"], { ONE: "x" });
    await rig.sources.open();
    t.equal(rig.now, "default/other token=x");
    t.same(rig.log, [
      `Cannot read Secret default/openai: file "${path}": no such file or directory; requests that need it are refused until it can be read`,
    ]);
    t.match(rig.sources.status(), [{ name: "openai", state: "missing" }]);
    replace(path, "at last");
    await rig.until(() => rig.changes.length > 0);
    t.same(rig.changes, ["default/openai token=at last, default/other token=x"]);
  },
);

t.test("SecretSources takes a value back when it expires and no other can be had", async (t) => {
  const directory = t.testdir({ output: "" });
  const output = join(directory, "output");
  const expiresAt = "2026-01-01T00:01:00.000Z";
  writeFileSync(output, JSON.stringify({ token: "short-lived", expiresAt }));
  const rig = new Rig(t, [`a=command:cat ${output}`]);
  await rig.sources.open();
  t.match(rig.sources.status(), [{ state: "current", expiresAt, kind: "command" }]);
  writeFileSync(output, "");
  rig.clock.advance(48_000);
  await rig.until(() => rig.sources.status()[0]?.state === "stale");
  t.match(
    rig.log.at(-1),
    /^Cannot read Secret default\/a: command "cat": it printed nothing; the value of \d+ s ago stays$/,
  );
  t.same(rig.changes, []);
  rig.clock.advance(12_000);
  await rig.until(() => rig.changes.length > 0);
  t.same([rig.changes, rig.now], [[""], ""]);
  t.match(rig.sources.status(), [{ state: "missing", failure: /its value has expired|nothing/ }]);
  t.match(rig.log.at(-1), /refused until it can be read$/);
  writeFileSync(output, "lasting");
  rig.clock.advance(60_000);
  await rig.until(() => rig.changes.length > 1);
  t.equal(rig.now, "default/a token=lasting");
  t.notMatch(JSON.stringify([rig.log, rig.sources.status()]), /short-lived|lasting/);
});

t.test("SecretSources keeps what it has when values together are too much", async (t) => {
  const directory = t.testdir({ a: "a", b: "b" });
  const rig = new Rig(t, [`s:a=file:${directory}/a`, `s:b=file:${directory}/b`]);
  await rig.sources.open();
  for (const key of ["a", "b"]) replace(join(directory, key), "x".repeat(700_000));
  await rig.until(() => rig.sources.status().some(({ state }) => state === "stale"));
  t.match(
    rig.log.at(-1),
    /^Cannot read Secret default\/s: its values together: data: 1400000 bytes/,
  );
  const [object] = rig.sources.reading.objects;
  t.equal(object?.object.kind, "Secret");
});

t.test("noteRefusal() runs the commands of that Secret", async (t) => {
  const output = join(t.testdir({ output: "first" }), "output");
  const rig = new Rig(t, [`a=command:cat ${output}`, "b=command:printf x"]);
  await rig.sources.open();
  writeFileSync(output, "second");
  rig.clock.advance(5_000);
  for (const name of ["b", "c", "a"]) {
    rig.sources.noteRefusal({ namespace: "default", name }, rig.clock.now());
  }
  await rig.until(() => rig.changes.length > 0);
  t.same(rig.changes, ["default/a token=second, default/b token=x"]);
});

t.test(
  "open() does not wait for ever for a command, whose value comes when it comes",
  async (t) => {
    const spec = parseSecretFlag("a=command:sleep 60");
    const slow = { ...spec, ...(spec.kind === "command" && { timeoutMs: 60_000 }) };
    const rig = new Rig(t, [slow, "b=ONE"], { ONE: "x" });
    let isOpen = false;
    const opened = rig.sources.open().then(() => {
      isOpen = true;
    });
    rig.clock.advance(9_999);
    await new Promise(setImmediate);
    t.notOk(isOpen);
    rig.clock.advance(1);
    await opened;
    t.equal(rig.now, "default/b token=x");
    rig.sources.close();
    rig.sources.close();
  },
);
