/** Tests of the file source on real directories: what is handed on, when, and what stays while files are invalid. */
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { systemClock } from "./clock.ts";
import { silentLogger } from "./log.ts";
import { formatSourceProblem, parseManifests } from "./manifests.ts";
import type { ManifestReading } from "./manifests.ts";
import { watchDirectory } from "./manifests/directory-watch.ts";
import type { WatchDirectory } from "./manifests/directory-watch.ts";
import { openFileSource } from "./snapshot-source.ts";
import type {
  FileSource,
  FileSourceOptions,
  LoadedObjects,
  LoadProblems,
} from "./snapshot-source.ts";

type Outcome =
  | ({ kind: "change"; atNs: bigint } & LoadedObjects)
  | ({ kind: "problems"; atNs: bigint } & LoadProblems);

interface Following {
  readonly source: FileSource;
  readonly outcomes: Outcome[];
  readonly warnings: string[];
  /** Waits for the first outcome that fits; fails the test after ten seconds */
  find(fits: (outcome: Outcome) => boolean): Promise<Outcome>;
  /** The sentences of the next problems */
  nextProblems(): Promise<string[]>;
  /** The changes of the next good set */
  nextChanges(): Promise<readonly string[]>;
}

const deadlineMs = 10_000;

async function follow(
  t: Test,
  options: Partial<FileSourceOptions> & Pick<FileSourceOptions, "paths">,
): Promise<Following> {
  const outcomes: Outcome[] = [];
  const warnings: string[] = [];
  let notify = () => {};
  const add = (outcome: Outcome) => {
    outcomes.push(outcome);
    notify();
  };
  const source = await openFileSource({
    secrets: noSecrets,
    clock: systemClock,
    log: { ...silentLogger, warn: (message) => void warnings.push(message) },
    onChange: (loaded) => add({ kind: "change", atNs: systemClock.monotonicNs(), ...loaded }),
    onProblems: (found) => add({ kind: "problems", atNs: systemClock.monotonicNs(), ...found }),
    ...options,
  });
  t.teardown(() => source.close());
  let next = outcomes.length;
  const find = async (fits: (outcome: Outcome) => boolean): Promise<Outcome> => {
    const untilMs = performance.now() + deadlineMs;
    for (;;) {
      for (; next < outcomes.length; next++) {
        const outcome = outcomes[next];
        if (outcome !== undefined && fits(outcome)) {
          next++;
          return outcome;
        }
      }
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw new Error(`No such outcome: ${JSON.stringify(outcomes.map(brief))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        notify = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  return {
    source,
    outcomes,
    warnings,
    find,
    async nextProblems() {
      const outcome = await find(({ kind }) => kind === "problems");
      return outcome.problems.map(formatSourceProblem);
    },
    async nextChanges() {
      const outcome = await find(({ kind }) => kind === "change");
      return outcome.kind === "change" ? outcome.changes : [];
    },
  };
}

function brief(outcome: Outcome): unknown {
  return outcome.kind === "change" ? outcome.changes : outcome.problems;
}

function route(name: string, hostname = `${name}.example.com`): string {
  return `apiVersion: clrk.apoxy.dev/v1alpha1
kind: EgressHTTPRoute
metadata:
  name: ${name}
spec:
  parentRefs:
    - group: clrk.apoxy.dev
      kind: EgressGateway
      name: default
  hostnames:
    - ${hostname}
  rules:
    - matches:
        - method: GET
`;
}

const noSecrets: ManifestReading = { objects: [], problems: [], warnings: [] };

function secretManifest(value: string): string {
  return `apiVersion: v1\nkind: Secret\nmetadata: { name: openai }\nstringData: { token: ${value} }\n`;
}

function secretsWith(value: string): ManifestReading {
  const { objects } = parseManifests("--secret openai=file:key", secretManifest(value));
  return { ...noSecrets, objects: objects.map((sourced) => ({ ...sourced, line: 0 })) };
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

function namesIn({ outcomes }: Following): string[] {
  const last = outcomes.findLast(({ kind }) => kind === "change");
  const objects = last?.kind === "change" ? last.objects : [];
  return objects.map(({ object }) => object.metadata.name);
}

t.test("openFileSource() hands on all objects at the start, then what changed", async (t) => {
  const directory = t.testdir({
    "a.yaml": route("a"),
    "b.yml": `${route("b1")}---\n${route("b2")}`,
    "c.json": JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" } }),
    "notes.txt": "not read: [",
    ".hidden.yaml": "not read: [",
    below: { "d.yaml": route("d"), node_modules: { "x.yaml": "[" }, ".git": { "y.yaml": "[" } },
  });
  const following = await follow(t, { paths: [directory] });
  t.same(namesIn(following), ["a", "b1", "b2", "d", "s"].sort());
  t.same(following.outcomes.map(brief), [
    [
      "EgressHTTPRoute default/a added",
      "EgressHTTPRoute default/b1 added",
      "EgressHTTPRoute default/b2 added",
      "EgressHTTPRoute default/d added",
      "Secret default/s added",
    ].sort(),
  ]);

  replace(join(directory, "a.yaml"), route("a", "other.example.com"));
  t.same(await following.nextChanges(), ["EgressHTTPRoute default/a changed (spec.hostnames[0])"]);
  writeFileSync(join(directory, "below", "e.yaml"), route("e"));
  t.same(await following.nextChanges(), ["EgressHTTPRoute default/e added"]);
  unlinkSync(join(directory, "b.yml"));
  t.same(await following.nextChanges(), [
    "EgressHTTPRoute default/b1 removed",
    "EgressHTTPRoute default/b2 removed",
  ]);
  renameSync(join(directory, "a.yaml"), join(directory, "z.yaml"));
  t.same(await following.nextChanges(), [
    `EgressHTTPRoute default/a moved to ${join(directory, "z.yaml")}`,
  ]);
  const last = following.outcomes.at(-1);
  t.same(last?.kind === "change" && last.changedFiles, [
    join(directory, "a.yaml"),
    join(directory, "z.yaml"),
  ]);
  t.equal(following.outcomes.length, 5);
});

t.test("openFileSource() keeps the last good set while a file is invalid", async (t) => {
  const directory = t.testdir({ "a.yaml": route("a"), "b.yaml": route("b") });
  const following = await follow(t, { paths: [directory] });
  const path = join(directory, "a.yaml");
  replace(path, route("a").replace("hostnames", "hostname"));
  const found = await following.find(({ kind }) => kind === "problems");
  t.same(found.problems.map(formatSourceProblem), [
    `${path}:10: spec.hostname: unknown field, did you mean "hostnames"?`,
  ]);
  t.ok(found.kind === "problems" && (found.lastGoodAgeMs ?? -1) >= 0);

  replace(join(directory, "b.yaml"), route("b", "b2.example.com"));
  t.equal((await following.nextProblems()).length, 1, "told again, because a file changed");
  t.same(namesIn(following), ["a", "b"]);

  replace(path, route("a", "a2.example.com"));
  t.same(await following.nextChanges(), [
    "EgressHTTPRoute default/a changed (spec.hostnames[0])",
    "EgressHTTPRoute default/b changed (spec.hostnames[0])",
  ]);
});

t.test("openFileSource() calls back when a mistake is taken back", async (t) => {
  const directory = t.testdir({ "a.yaml": route("a") });
  const following = await follow(t, { paths: [directory] });
  replace(join(directory, "a.yaml"), "a: [");
  await following.nextProblems();
  replace(join(directory, "a.yaml"), route("a"));
  t.same(await following.nextChanges(), []);
});

t.test("openFileSource() has no last good set when the first one is invalid", async (t) => {
  const directory = t.testdir({ "a.yaml": "kind: 7\n" });
  const following = await follow(t, { paths: [directory] });
  const [first] = following.outcomes;
  t.equal(first?.kind, "problems");
  t.notOk(first && "lastGoodAgeMs" in first);
  replace(join(directory, "a.yaml"), route("a"));
  t.same(await following.nextChanges(), ["EgressHTTPRoute default/a added"]);
});

t.test("openFileSource() names both places of an object that is there twice", async (t) => {
  const directory = t.testdir({ "a.yaml": route("a"), "b.yaml": `---\n${route("a")}` });
  const following = await follow(t, { paths: [directory] });
  t.same(following.outcomes[0]?.problems.map(formatSourceProblem), [
    `${join(directory, "b.yaml")}:2: EgressHTTPRoute default/a is in ${join(directory, "a.yaml")}:1 too, wanted each object in one place`,
  ]);
});

t.test(
  "openFileSource() says what is wrong with a path, and takes it when it is there",
  async (t) => {
    const directory = t.testdir({ "a.txt": "x" });
    const missing = join(directory, "policy");
    const following = await follow(t, { paths: [missing, join(directory, "a.txt")] });
    t.same(following.outcomes[0]?.problems.map(formatSourceProblem), [
      `${missing}: no such file or directory, wanted manifests`,
      `${join(directory, "a.txt")}: not a manifest, wanted a directory or a .yaml, .yml or .json file`,
    ]);
    mkdirSync(missing);
    t.equal((await following.nextProblems()).length, 1);
  },
);

t.test("openFileSource() reads a path once, however often it is named", async (t) => {
  const directory = t.testdir({ "a.yaml": route("a") });
  const paths = [directory, `${directory}/`, join(directory, "a.yaml"), directory];
  const following = await follow(t, { paths });
  t.same(namesIn(following), ["a"]);
});

t.test("openFileSource() follows a single file through replacement and deletion", async (t) => {
  const directory = t.testdir({ "a.yaml": route("a"), "b.yaml": "[" });
  const path = join(directory, "a.yaml");
  const following = await follow(t, { paths: [path] });
  t.same(namesIn(following), ["a"]);
  replace(path, route("a2"));
  t.same(await following.nextChanges(), [
    "EgressHTTPRoute default/a2 added",
    "EgressHTTPRoute default/a removed",
  ]);
  unlinkSync(path);
  t.same(await following.nextProblems(), [`${path}: no such file or directory, wanted manifests`]);
  writeFileSync(path, route("a2"));
  t.same(await following.nextChanges(), []);
});

t.test("openFileSource() survives deletion and recreation of a watched directory", async (t) => {
  const parent = t.testdir({ policy: { sub: { "a.yaml": route("a") } } });
  const directory = join(parent, "policy");
  const following = await follow(t, { paths: [directory] });
  for (const name of ["b", "c", "d"]) {
    rmSync(directory, { recursive: true });
    mkdirSync(join(directory, "sub"), { recursive: true });
    writeFileSync(join(directory, "sub", "a.yaml"), route(name));
    await following.find((outcome) =>
      JSON.stringify(brief(outcome)).includes(`default/${name} added`),
    );
    t.same(namesIn(following), [name]);
    replace(join(directory, "sub", "a.yaml"), route(name, "again.example.com"));
    await following.find((outcome) => JSON.stringify(brief(outcome)).includes("changed"));
  }
  rmSync(directory, { recursive: true });
  t.same(await following.nextProblems(), [
    `${directory}: no such file or directory, wanted manifests`,
  ]);
});

t.test("openFileSource() takes new directories with all that is in them", async (t) => {
  const parent = t.testdir({
    policy: { "a.yaml": route("a") },
    other: { x: { "b.yaml": route("b") } },
  });
  const directory = join(parent, "policy");
  const following = await follow(t, { paths: [directory] });
  renameSync(join(parent, "other"), join(directory, "team"));
  t.same(await following.nextChanges(), ["EgressHTTPRoute default/b added"]);
  replace(join(directory, "team", "x", "b.yaml"), route("b", "b2.example.com"));
  t.same(await following.nextChanges(), ["EgressHTTPRoute default/b changed (spec.hostnames[0])"]);
  renameSync(join(directory, "team"), join(parent, "gone"));
  t.same(await following.nextChanges(), ["EgressHTTPRoute default/b removed"]);
});

t.test(
  "openFileSource() notices the swap of links that Kubernetes makes for a ConfigMap",
  async (t) => {
    const directory = t.testdir({ "..1": { "a.yaml": route("a"), "b.yaml": route("b") } });
    symlinkSync("..1", join(directory, "..data"));
    for (const name of ["a.yaml", "b.yaml"])
      symlinkSync(join("..data", name), join(directory, name));
    const following = await follow(t, { paths: [directory] });
    t.same(namesIn(following), ["a", "b"]);
    mkdirSync(join(directory, "..2"));
    writeFileSync(join(directory, "..2", "a.yaml"), route("a", "a2.example.com"));
    writeFileSync(join(directory, "..2", "b.yaml"), route("b"));
    symlinkSync("..2", join(directory, "..data_tmp"));
    const startNs = systemClock.monotonicNs();
    renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
    rmSync(join(directory, "..1"), { recursive: true });
    const outcome = await following.find(({ kind }) => kind === "change");
    t.same(brief(outcome), ["EgressHTTPRoute default/a changed (spec.hostnames[0])"]);
    t.ok(Number(outcome.atNs - startNs) / 1e6 < 2_000, "by an event, not by a sweep");
  },
);

t.test(
  "openFileSource() follows a directory that is a link, and stops in a circle of links",
  async (t) => {
    const parent = t.testdir({
      v1: { "a.yaml": route("a") },
      v2: { "a.yaml": route("a", "v2.example.com") },
    });
    const directory = join(parent, "current");
    symlinkSync("v1", directory);
    symlinkSync("..", join(parent, "v1", "up"));
    symlinkSync(".", join(parent, "v2", "self"));
    rmSync(join(parent, "v1", "up"));
    symlinkSync(".", join(parent, "v1", "self"));
    const following = await follow(t, { paths: [directory] });
    t.same(namesIn(following), ["a"]);
    symlinkSync("v2", join(parent, "next"));
    renameSync(join(parent, "next"), directory);
    t.same(await following.nextChanges(), [
      "EgressHTTPRoute default/a changed (spec.hostnames[0])",
    ]);
    replace(join(parent, "v2", "a.yaml"), route("a", "v3.example.com"));
    t.same(await following.nextChanges(), [
      "EgressHTTPRoute default/a changed (spec.hostnames[0])",
    ]);
  },
);

t.test("openFileSource() does not take the middle of a save for its end", async (t) => {
  const directory = t.testdir({ "a.yaml": `${route("a")}---\n${route("b")}` });
  const path = join(directory, "a.yaml");
  const following = await follow(t, { paths: [directory] });
  for (let round = 0; round < 5; round++) {
    const text = `${route("a", `a${round}.example.com`)}---\n${route("b")}`;
    writeFileSync(path, "");
    for (let at = 0; at < text.length; at += 100) {
      appendFileSync(path, text.slice(at, at + 100));
      await new Promise(setImmediate);
    }
    await following.find((outcome) => JSON.stringify(brief(outcome)).includes("changed"));
  }
  const others = following.outcomes.slice(1).map(brief);
  t.same(others, Array(5).fill(["EgressHTTPRoute default/a changed (spec.hostnames[0])"]));
});

t.test("openFileSource() survives editors that move the old file away first", async (t) => {
  const directory = t.testdir({ "a.yaml": route("a") });
  const path = join(directory, "a.yaml");
  let onMove = () => {};
  const moved = new Promise<void>((resolve) => {
    onMove = resolve;
  });
  const watch: WatchDirectory = (watched, onEvent) =>
    watchDirectory(watched, (kind, name) => {
      onEvent(kind, name);
      if (name === "a.yaml") onMove();
    });
  const following = await follow(t, { paths: [directory], watch });
  renameSync(path, `${path}~`);
  await moved;
  writeFileSync(path, route("a", "a2.example.com"));
  t.same(await following.nextChanges(), ["EgressHTTPRoute default/a changed (spec.hostnames[0])"]);
  t.equal(following.outcomes.length, 2);
});

t.test("openFileSource() calls nobody when content is the same", async (t) => {
  const directory = t.testdir({ "a.yaml": route("a"), "b.yaml": route("b") });
  const following = await follow(t, { paths: [directory] });
  replace(join(directory, "a.yaml"), route("a"));
  replace(join(directory, "a.yaml"), `# a comment\n${route("a")}`);
  writeFileSync(join(directory, "other.txt"), "x");
  replace(join(directory, "b.yaml"), route("b", "b2.example.com"));
  t.same(await following.nextChanges(), ["EgressHTTPRoute default/b changed (spec.hostnames[0])"]);
  t.equal(following.outcomes.length, 2);
});

t.test(
  "openFileSource() polls, and says so once, when directories cannot be watched",
  async (t) => {
    const directory = t.testdir({ "a.yaml": route("a"), sub: { "b.yaml": route("b") } });
    const following = await follow(t, {
      paths: [directory],
      watch: () => {
        throw Object.assign(new Error("no space"), { code: "ENOSPC" });
      },
    });
    t.equal(following.warnings.length, 1);
    t.match(
      following.warnings[0],
      /^Cannot watch directory ".*" \(ENOSPC\), reading it every second instead: raise fs\.inotify/,
    );
    replace(join(directory, "a.yaml"), route("a", "a2.example.com"));
    t.same(await following.nextChanges(), [
      "EgressHTTPRoute default/a changed (spec.hostnames[0])",
    ]);
    t.equal(following.warnings.length, 1);
  },
);

t.test("setSecrets() hands on Secrets that are in no manifest, and shows no value", async (t) => {
  const directory = t.testdir({ "a.yaml": route("a") });
  const following = await follow(t, { paths: [directory], secrets: secretsWith("sk-first") });
  t.same(following.outcomes.map(brief), [
    ["EgressHTTPRoute default/a added", "Secret default/openai added"],
  ]);
  following.source.setSecrets(secretsWith("sk-second"));
  t.same(await following.nextChanges(), ["Secret default/openai changed (data.token)"]);
  following.source.setSecrets(secretsWith("sk-second"));
  following.source.setSecrets(noSecrets);
  t.same(await following.nextChanges(), ["Secret default/openai removed"]);
  following.source.setSecrets(secretsWith("sk-third"));
  t.same(await following.nextChanges(), ["Secret default/openai added"]);
  writeFileSync(join(directory, "s.yaml"), secretManifest("sk-fourth"));
  t.same(await following.nextProblems(), [
    `--secret openai=file:key: Secret default/openai is in ${join(directory, "s.yaml")}:1 too, wanted each object in one place`,
  ]);
  t.notMatch(JSON.stringify(following.outcomes.map(brief)), /sk-/);
  following.source.close();
  following.source.setSecrets(noSecrets);
  t.equal(following.outcomes.length, 5);
});

t.test("setSecrets() is in force while manifests are invalid, which stays told", async (t) => {
  const directory = t.testdir({ "a.yaml": route("a"), "b.yaml": route("b") });
  const following = await follow(t, { paths: [directory], secrets: secretsWith("sk-first") });
  replace(join(directory, "a.yaml"), route("a", "no host"));
  rmSync(join(directory, "b.yaml"));
  const problems = await following.nextProblems();
  following.source.setSecrets(secretsWith("sk-second"));
  t.same(await following.nextChanges(), ["Secret default/openai changed (data.token)"]);
  t.same(namesIn(following), ["a", "b", "openai"]);
  t.same(await following.nextProblems(), problems);
  following.source.setSecrets(noSecrets);
  t.same(await following.nextChanges(), ["Secret default/openai removed"]);
  replace(join(directory, "a.yaml"), route("a", "a2.example.com"));
  t.same(await following.nextChanges(), [
    "EgressHTTPRoute default/a changed (spec.hostnames[0])",
    "EgressHTTPRoute default/b removed",
  ]);
});

t.test("openFileSource() takes what the check refuses for a problem", async (t) => {
  const directory = t.testdir({ "a.yaml": route("a") });
  const following = await follow(t, {
    paths: [directory],
    check: (objects) =>
      objects
        .filter(({ object }) => object.metadata.name === "bad")
        .map(({ file }) => ({ file, line: 1, field: "", message: "it is bad" })),
  });
  writeFileSync(join(directory, "b.yaml"), route("bad"));
  t.same(await following.nextProblems(), [`${join(directory, "b.yaml")}:1: it is bad`]);
  following.source.setSecrets(secretsWith("sk-first"));
  t.same(await following.nextChanges(), ["Secret default/openai added"]);
  t.same(namesIn(following), ["a", "openai"]);
});

t.test("close() ends everything, twice too", async (t) => {
  const directory = t.testdir({ "a.yaml": route("a") });
  const first = await follow(t, { paths: [directory] });
  const second = await follow(t, { paths: [directory] });
  first.source.close();
  first.source.close();
  await first.source[Symbol.asyncDispose]();
  replace(join(directory, "a.yaml"), route("a", "a2.example.com"));
  await second.nextChanges();
  t.equal(first.outcomes.length, 1);
});

t.test("openFileSource() delivers one replaced file of 2,000 soon", async (t) => {
  const directory = t.testdir({});
  for (let at = 0; at < 2_000; at++) writeFileSync(join(directory, `r${at}.yaml`), route(`r${at}`));
  const loadStartMs = performance.now();
  const following = await follow(t, { paths: [directory] });
  const loadMs = performance.now() - loadStartMs;
  const times: number[] = [];
  for (let round = 0; round < 20; round++) {
    writeFileSync(join(directory, "next"), route(`r${round}`, `new${round}.example.com`));
    const startNs = systemClock.monotonicNs();
    renameSync(join(directory, "next"), join(directory, `r${round}.yaml`));
    const outcome = await following.find(({ kind }) => kind === "change");
    times.push(Number(outcome.atNs - startNs) / 1e6);
  }
  times.sort((left, right) => left - right);
  const [best = 0, median = 0] = [times[0], times[10]];
  t.comment(
    `2,000 files: load ${loadMs.toFixed(0)} ms; change: best ${best.toFixed(1)}, median ${median.toFixed(1)}, worst ${times.at(-1)?.toFixed(1)} ms`,
  );
  t.ok(median < 250, `median ${median}`);
  t.ok(loadMs < 15_000, `load ${loadMs}`);
});

t.test("parse errors name files as the user wrote them", async (t) => {
  const directory = t.testdir({ policy: { "a.yaml": "a: [" } });
  const before = process.cwd();
  process.chdir(directory);
  t.teardown(() => process.chdir(before));
  const following = await follow(t, { paths: ["./policy/"] });
  t.equal(following.outcomes[0]?.problems[0]?.file, join("policy", "a.yaml"));
  t.equal(readFileSync("policy/a.yaml", "utf8"), "a: [");
});
