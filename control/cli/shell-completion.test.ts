import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { findShell, withCompletion, withoutCompletion } from "./shell-completion.ts";

t.test("findShell() knows bash and zsh by their path", (t) => {
  t.equal(findShell("/bin/bash"), "bash");
  t.equal(findShell("/usr/local/bin/zsh"), "zsh");
  t.equal(findShell("/usr/bin/fish"), undefined);
  t.equal(findShell(""), undefined);
  t.end();
});

for (const { name, text } of [
  { name: "an empty file", text: "" },
  { name: "a file", text: "alias a=b\n" },
  { name: "a file without a last line end", text: "alias a=b" },
]) {
  t.test(`withCompletion() puts one block at the end of ${name}`, (t) => {
    const once = withCompletion(text, "bash");
    t.ok(once.startsWith(text));
    t.match(once, /complete -o default -F _clrk clrk\n# clrk completion end\n$/);
    t.equal(withCompletion(once, "bash"), once);
    t.end();
  });
}

t.test("withCompletion() replaces an older block where it stands", (t) => {
  const before = "a\n# clrk completion start\nold\n# clrk completion end\nb\n";
  const after = withCompletion(before, "zsh");
  t.ok(after.startsWith("a\n# clrk completion start\n"));
  t.ok(after.endsWith("# clrk completion end\nb\n"));
  t.notMatch(after, /old/);
  t.end();
});

t.test("withoutCompletion() leaves everything else byte for byte", (t) => {
  const text = "a\r\nb\n";
  t.equal(withoutCompletion(withCompletion(text, "bash")), text);
  t.equal(withoutCompletion(text), text);
  t.equal(
    withoutCompletion("# clrk completion start\nno end\n"),
    "# clrk completion start\nno end\n",
  );
  t.end();
});

t.test("withCompletion() writes a block that bash completes with", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "clrk-completion-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  // Says which words it was asked with, one proposal a line.
  await writeFile(join(directory, "clrk"), '#!/bin/sh\nprintf "%s\\n" status stop "$#-$2-$3"\n');
  await chmod(join(directory, "clrk"), 0o755);
  await writeFile(join(directory, "rc"), withCompletion("", "bash"));
  const script = `source "${join(directory, "rc")}"; COMP_WORDS=(clrk get st); COMP_CWORD=2; _clrk; printf '%s|' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)("bash", ["--norc", "-c", script], {
    env: { PATH: `${directory}:${process.env["PATH"] ?? ""}` },
  });
  t.equal(stdout, "status|stop|");
});
