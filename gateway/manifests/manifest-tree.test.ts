/** Tests of the tree of files without watches: what sweeps and refreshes find, and the bounds. */
import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { silentLogger } from "../log.ts";
import { formatSourceProblem } from "../manifests.ts";
import { ManifestTree } from "./manifest-tree.ts";
import type { ManifestTreeOptions } from "./manifest-tree.ts";

function secret(name: string): string {
  return `apiVersion: v1\nkind: Secret\nmetadata: { name: ${name} }\n`;
}

function setUp(t: Test, directory: string, options: Partial<ManifestTreeOptions> = {}) {
  const events: string[] = [];
  const tree = new ManifestTree({
    paths: [directory],
    watch: () => ({ close: () => {}, on: () => {} }),
    log: silentLogger,
    onEvent: (path) => events.push(path),
    ...options,
  });
  t.teardown(() => tree.close());
  const finish = (steps: Generator<void>) => {
    for (const _ of steps);
    return Object.fromEntries(
      [...tree.takeChanges()].map(([path, change]) => [relative(directory, path), change]),
    );
  };
  return {
    tree,
    events,
    sweep: () => finish(tree.sweep()),
    refresh: (name: string) => finish(tree.refresh(join(directory, name))),
    names: () =>
      [...tree.readings()].flatMap(({ objects }) => objects.map((o) => o.object.metadata.name)),
    problems: () => tree.pathProblems.map(formatSourceProblem),
  };
}

t.test("sweep() finds what changed since the last one", (t) => {
  const directory = t.testdir({ "a.yaml": secret("a"), x: { y: { "b.yaml": secret("b") } } });
  const { sweep, names } = setUp(t, directory);
  t.same(sweep(), { "a.yaml": "perhaps unfinished", "x/y/b.yaml": "perhaps unfinished" });
  t.same(sweep(), {});
  writeFileSync(join(directory, "a.yaml"), secret("a2"));
  writeFileSync(join(directory, "tmp"), secret("b2"));
  renameSync(join(directory, "tmp"), join(directory, "x/y/b.yaml"));
  t.same(sweep(), { "a.yaml": "perhaps unfinished", "x/y/b.yaml": "replaced" });
  t.same(names(), ["a2", "b2"]);
  rmSync(join(directory, "x"), { recursive: true });
  t.same(sweep(), { "x/y/b.yaml": "removed" });
  t.same(names(), ["a2"]);
  t.end();
});

t.test("refresh() looks at one path only", (t) => {
  const directory = t.testdir({ "a.yaml": secret("a"), "b.yaml": secret("b") });
  const { sweep, refresh, names } = setUp(t, directory);
  sweep();
  writeFileSync(join(directory, "a.yaml"), secret("a2"));
  writeFileSync(join(directory, "b.yaml"), secret("b2"));
  t.same(refresh("b.yaml"), { "b.yaml": "perhaps unfinished" });
  t.same(names(), ["a", "b2"]);
  unlinkSync(join(directory, "b.yaml"));
  t.same(refresh("b.yaml"), { "b.yaml": "removed" });
  t.same(refresh("b.yaml"), {});
  t.same(refresh("never/was.yaml"), {});
  mkdirSync(join(directory, "sub"));
  writeFileSync(join(directory, "sub", "c.yaml"), secret("c"));
  t.same(refresh("sub"), { "sub/c.yaml": "perhaps unfinished" });
  t.same(names(), ["a", "c"]);
  t.end();
});

t.test("refresh() follows an entry from file to directory and back", (t) => {
  const directory = t.testdir({ "a.yaml": secret("a") });
  const { sweep, refresh, names } = setUp(t, directory);
  sweep();
  unlinkSync(join(directory, "a.yaml"));
  mkdirSync(join(directory, "a.yaml"));
  writeFileSync(join(directory, "a.yaml", "b.yaml"), secret("b"));
  t.same(refresh("a.yaml"), { "a.yaml": "removed", "a.yaml/b.yaml": "perhaps unfinished" });
  t.same(names(), ["b"]);
  rmSync(join(directory, "a.yaml"), { recursive: true });
  writeFileSync(join(directory, "a.yaml"), secret("c"));
  t.same(refresh("a.yaml"), { "a.yaml/b.yaml": "removed", "a.yaml": "perhaps unfinished" });
  t.same(names(), ["c"]);
  t.end();
});

t.test("events of hidden names and node_modules are nobody's", (t) => {
  const directory = t.testdir({ "a.yaml": secret("a") });
  let tell = (_kind: string, _name: string | null) => {};
  const { sweep, events } = setUp(t, directory, {
    watch: (watched, onEvent) => {
      if (watched === directory) tell = onEvent;
      return { close: () => {}, on: () => {} };
    },
  });
  sweep();
  for (const name of [".a.yaml.swp", ".git", "node_modules"]) tell("rename", name);
  t.same(events, []);
  tell("rename", "..data");
  tell("change", "a.yaml");
  t.same(events, [directory, join(directory, "a.yaml")]);
  t.end();
});

t.test("sweep() reads files beyond the limits never, and says so", (t) => {
  const directory = t.testdir({ "a.yaml": secret("a"), "b.yaml": secret("b"), "c.yaml": "" });
  const few = setUp(t, directory, { limits: { files: 2, textLength: 1_000 } });
  few.sweep();
  t.same(few.names(), ["a", "b"]);
  const want = (files: number, length: number, name: string) => [
    `${join(directory, name)}: more than ${files} files or ${length} characters in all, wanted fewer`,
  ];
  t.same(few.problems(), want(2, 1_000, "c.yaml"));
  const short = setUp(t, directory, { limits: { files: 9, textLength: 60 } });
  short.sweep();
  t.same(short.problems(), want(9, 60, "b.yaml"));
  unlinkSync(join(directory, "b.yaml"));
  for (const { sweep, problems } of [few, short]) {
    sweep();
    sweep();
    t.same(problems(), []);
  }
  t.end();
});

t.test("sweep() ends in circles of links", (t) => {
  const directory = t.testdir({ a: { "a.yaml": secret("a"), b: {} } });
  symlinkSync("../..", join(directory, "a", "b", "up"));
  const { sweep, names } = setUp(t, directory);
  sweep();
  t.same(names(), ["a"]);
  t.end();
});

t.test("sweep() tells of a directory that may not be read, until it may", (t) => {
  const directory = t.testdir({ closed: { "a.yaml": secret("a") } });
  const closed = join(directory, "closed");
  chmodSync(closed, 0o000);
  const { sweep, problems, names } = setUp(t, directory);
  sweep();
  if (process.getuid?.() !== 0) {
    t.same(problems(), [`${closed}: not readable for the user of this process`]);
  }
  chmodSync(closed, 0o755);
  sweep();
  t.same(problems(), []);
  t.same(names(), ["a"]);
  t.end();
});

t.test("displayPath() writes paths as the user did", (t) => {
  const directory = t.testdir({ x: { "a.yaml": secret("a") } });
  const here = relative(process.cwd(), directory);
  const { tree, sweep } = setUp(t, directory, { paths: [`./${here}/`] });
  sweep();
  t.equal(tree.displayPath(directory), here);
  t.equal(tree.displayPath(join(directory, "x", "a.yaml")), join(here, "x", "a.yaml"));
  t.equal(tree.displayPath("/elsewhere"), "/elsewhere");
  t.end();
});
