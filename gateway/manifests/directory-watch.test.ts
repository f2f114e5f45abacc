/** Tests of the watches on a watch that the test drives. */
import t from "tap";
import { DirectoryWatches } from "./directory-watch.ts";

function setUp() {
  const entries: string[] = [];
  const unwatched: string[] = [];
  const open = new Map<
    string,
    { tell: (kind: string, name: string | null) => void; fail: (error: Error) => void }
  >();
  const started: string[] = [];
  const failure = { code: "" };
  const watches = new DirectoryWatches({
    watch: (directory, tell) => {
      if (failure.code !== "") throw Object.assign(new Error("x"), { code: failure.code });
      started.push(directory);
      const handle = {
        close: () => void open.delete(directory),
        on: (_event: "error", fail: (error: Error) => void) => open.set(directory, { tell, fail }),
      };
      open.set(directory, { tell, fail: () => {} });
      return handle;
    },
    onEntry: (directory, name) => entries.push(`${directory} ${name ?? "(any)"}`),
    onUnwatched: (directory, code) => unwatched.push(`${directory} ${code}`),
  });
  return { watches, entries, unwatched, open, started, failure };
}

t.test("ensure() starts one watch per directory until its inode changes", (t) => {
  const { watches, open, started } = setUp();
  watches.ensure("/a/b", "1");
  watches.ensure("/a/b", "1");
  t.same(started, ["/a/b"]);
  watches.ensure("/a/b", "2");
  t.equal(started.length, 2);
  t.equal(open.size, 1);
  watches.close();
  watches.close();
  t.equal(open.size, 0);
  t.end();
});

t.test("ensure() starts again after the directory itself was moved or deleted", (t) => {
  const { watches, open, started, entries } = setUp();
  watches.ensure("/a/b", "1");
  open.get("/a/b")?.tell("change", "x.yaml");
  open.get("/a/b")?.tell("rename", "b");
  t.same(entries, ["/a/b x.yaml", "/a/b (any)"]);
  watches.ensure("/a/b", "1");
  t.equal(started.length, 2, "although the inode is the same");
  t.end();
});

t.test("an event without a name is about any entry", (t) => {
  const { watches, open, entries } = setUp();
  watches.ensure("/a/b", "1");
  open.get("/a/b")?.tell("change", null);
  t.same(entries, ["/a/b (any)"]);
  t.end();
});

t.test("ensure() tells why a directory cannot be watched, and tries again", (t) => {
  const { watches, unwatched, failure } = setUp();
  failure.code = "ENOSPC";
  watches.ensure("/a", "1");
  t.same(unwatched, ["/a ENOSPC"]);
  t.equal(watches.incomplete, true);
  failure.code = "";
  watches.ensure("/a", "1");
  t.equal(watches.incomplete, false);
  failure.code = "ENOENT";
  watches.ensure("/b", "1");
  t.equal(watches.incomplete, false, "a directory that vanished needs no watch");
  t.equal(unwatched.length, 1);
  t.end();
});

t.test("a watch that fails later counts as none", (t) => {
  const { watches, unwatched, open } = setUp();
  watches.ensure("/a", "1");
  const { tell, fail } = open.get("/a") ?? {};
  fail?.(Object.assign(new Error("x"), { code: "EIO" }));
  t.same(unwatched, ["/a EIO"]);
  t.equal(watches.incomplete, true);
  t.equal(open.size, 0);
  t.doesNotThrow(() => tell?.("change", "late"));
  watches.drop("/a");
  t.equal(watches.incomplete, false);
  t.end();
});
