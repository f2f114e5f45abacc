import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { displayWidth } from "./table.ts";
import { formatReference, referencePath } from "./testdata/command-reference.ts";
import { createFakeContext } from "./testdata/fake-context.ts";
import { helpCases, printHelp, readHelp } from "./testdata/help-cases.ts";

for (const [name, words] of helpCases) {
  t.test(`runCommandLine() prints the help of ${name}`, async (t) => {
    const text = await printHelp(words);
    t.equal(text, await readHelp(name), `update: node control/cli/testdata/update-help.ts ${name}`);
    t.same(
      text.split("\n").filter((line) => displayWidth(line) > 80),
      [],
      "lines of more than 80 columns",
    );
  });
}

t.test("the page of every command says what the program says", async (t) => {
  const path = join(import.meta.dirname, "../..", referencePath);
  t.equal(await readFile(path, "utf8"), await formatReference(), "run npm run generate");
});

t.test("runCommandLine() prints the root's help for no words, and the version", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk(), 0);
  t.equal(context.stdout(), await readHelp("clrk"));
  t.equal(await context.clrk("--version"), 0);
  t.match(context.stdout(), /^\d+\.\d+\.\d+\n$/);
});

for (const { words, code, text } of [
  {
    words: ["stauts"],
    code: 2,
    text: 'clrk: There is no command "stauts"; did you mean "status"?\nSee all commands: clrk --help\n',
  },
  {
    words: ["\u001b[2Jxyzzyxyzzy"],
    code: 2,
    text: 'clrk: There is no command "\\x1b[2Jxyzzyxyzzy"\nSee all commands: clrk --help\n',
  },
  {
    words: ["constructor"],
    code: 2,
    text: 'clrk: There is no command "constructor"\nSee all commands: clrk --help\n',
  },
  {
    words: ["status", "--ouptut", "json"],
    code: 2,
    text: 'clrk: There is no option "--ouptut"; did you mean --output?\nSee how it is used: clrk status --help\n',
  },
  {
    words: ["status", "-x"],
    code: 2,
    text: 'clrk: There is no option "-x"\nSee how it is used: clrk status --help\n',
  },
  {
    words: ["status", "-o", "xml"],
    code: 2,
    text: 'clrk: Cannot use "xml" for --output: wanted json, yaml\nSee how it is used: clrk status --help\n',
  },
  {
    words: ["status", "-o"],
    code: 2,
    text: "clrk: --output needs a value\nSee how it is used: clrk status --help\n",
  },
  {
    words: ["status", "-o", "json", "-o", "json"],
    code: 2,
    text: "clrk: --output is given more than once\nSee how it is used: clrk status --help\n",
  },
  {
    words: ["status", "now"],
    code: 2,
    text: 'clrk: "now" is one word too many\nSee how it is used: clrk status --help\n',
  },
  {
    words: ["stop", "gateway"],
    code: 2,
    text: 'clrk: Cannot use "gateway" for PID: Wanted a process id; see clrk status\nSee how it is used: clrk stop --help\n',
  },
  {
    words: ["dev", "-f", ".", "--concurrency", "0"],
    code: 2,
    text: 'clrk: Cannot use "0" for --concurrency: Wanted a whole number from 1 to 256\nSee how it is used: clrk dev --help\n',
  },
  {
    words: ["run"],
    code: 125,
    text: "clrk: CMD is missing\nSee how it is used: clrk run --help\n",
  },
  {
    words: ["run", "--agnt", "x", "--", "true"],
    code: 125,
    text: 'clrk: There is no option "--agnt"; did you mean --agent?\nSee how it is used: clrk run --help\n',
  },
  {
    words: ["completion", "install", "--shell", "fish"],
    code: 2,
    text: 'clrk: Cannot use "fish" for --shell: wanted bash, zsh\nSee how it is used: clrk completion install --help\n',
  },
  {
    words: ["policy", "rollout", "-f", "x", "--for", "1m"],
    code: 2,
    text: "clrk: --canary needs a value\nSee how it is used: clrk policy rollout --help\n",
  },
  {
    words: ["edit"],
    code: 2,
    text: 'clrk: There is no command "edit"\nSee all commands: clrk --help\n',
  },
  {
    words: ["dev", "wait-ready", "--timeout"],
    code: 2,
    text: "clrk: --timeout needs a value\nSee how it is used: clrk dev wait-ready --help\n",
  },
  {
    words: ["dev", "polici"],
    code: 2,
    text: 'clrk: "polici" is one word too many\nSee how it is used: clrk dev --help\n',
  },
  {
    words: ["--constructor"],
    code: 2,
    text: 'clrk: There is no option "--constructor"\nSee how it is used: clrk --help\n',
  },
  {
    words: ["get", "pods", "--to-string=1"],
    code: 2,
    text: 'clrk: There is no option "--to-string"\nSee how it is used: clrk get --help\n',
  },
]) {
  t.test(`runCommandLine() refuses ${JSON.stringify(words)}`, async (t) => {
    const context = await createFakeContext(t);
    t.equal(await context.clrk(...words), code);
    t.equal(context.stderr(), text);
    t.equal(context.stdout(), "");
  });
}

t.test("runCommandLine() takes help for a command", async (t) => {
  const context = await createFakeContext(t);
  for (const words of [[], ["dev"], ["policy", "plan"]]) {
    t.equal(await context.clrk(...words, "--help"), 0);
    const text = context.stdout();
    t.equal(await context.clrk("help", ...words), 0);
    t.equal(context.stdout(), text);
  }
});

t.test("runCommandLine() shows no stack for a mistake of ours either", async (t) => {
  const context = await createFakeContext(t, {
    findEnvoy: async () => {
      throw new TypeError("x is undefined");
    },
  });
  t.equal(await context.clrk("dev", "-f", "."), 1);
  t.equal(
    context.stderr(),
    "clrk: Cannot go on: x is undefined\nThis is a mistake in clrk, please report it with: clrk version\n",
  );
});

for (const { words, found } of [
  { words: ["st"], found: ["status", "stop"] },
  { words: ["get", "egressg"], found: ["egressgateways"] },
  { words: ["dev", "wait"], found: ["wait-ready"] },
  { words: ["dev", "status", "--o"], found: ["--output"] },
  { words: ["run", "--ag"], found: ["--agent"] },
  { words: ["completion", "install", "--shell", ""], found: ["bash", "zsh"] },
  { words: ["nothing", ""], found: [] },
]) {
  t.test(`runCommandLine() completes ${JSON.stringify(words)}`, async (t) => {
    const context = await createFakeContext(t);
    t.equal(await context.clrk("__complete", ...words), 0);
    t.same(context.stdout().split("\n").filter(Boolean), found);
  });
}
