import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { createFakeContext } from "../testdata/fake-context.ts";

t.test("install() and uninstall() change the start file of the login shell", async (t) => {
  const context = await createFakeContext(t, { env: { SHELL: "/bin/bash" } });
  const path = join(context.home.root, ".bashrc");
  await writeFile(path, "alias a=b\n");
  t.equal(await context.clrk("completion", "install"), 0);
  t.equal(context.stdout(), `Added to ${path}\nUse it in this shell too: source ${path}\n`);
  t.match(await readFile(path, "utf8"), /^alias a=b\n# clrk completion start\n/);
  t.equal(await context.clrk("completion", "uninstall"), 0);
  t.equal(await readFile(path, "utf8"), "alias a=b\n");
});

t.test("install() makes the file where there is none, and follows --shell", async (t) => {
  const context = await createFakeContext(t, { env: { SHELL: "/bin/bash" } });
  t.equal(await context.clrk("completion", "install", "--shell", "zsh"), 0);
  t.match(await readFile(join(context.home.root, ".zshrc"), "utf8"), /compdef _clrk clrk/);
});

t.test("install() asks for the shell where it is none that we know", async (t) => {
  const context = await createFakeContext(t, { env: { SHELL: "/bin/fish" } });
  t.equal(await context.clrk("completion", "install"), 2);
  t.equal(
    context.stderr(),
    'clrk: Cannot tell your shell: $SHELL is "/bin/fish", wanted bash or zsh\nSay which: clrk completion install --shell bash\n',
  );
});

t.test("install() says what it could not change", async (t) => {
  const context = await createFakeContext(t, { env: { SHELL: "/bin/bash" } });
  await mkdir(join(context.home.root, ".bashrc"));
  t.equal(await context.clrk("completion", "install"), 1);
  t.match(context.stderr(), /^clrk: Cannot change ".*\.bashrc": EISDIR/);
});
