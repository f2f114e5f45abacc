import t from "tap";
import { escapeRunCommand, runOptionsWithValue } from "./run-arguments.ts";
import { runCommand } from "./serving-commands.ts";

for (const { name, words, escaped } of [
  { name: "a command alone", words: "run python a.py", escaped: "run -- python a.py" },
  {
    name: "options of the command",
    words: "run python -m x --help",
    escaped: "run -- python -m x --help",
  },
  {
    name: "a separator that is there",
    words: "run --quiet -- python -x",
    escaped: "run --quiet -- python -x",
  },
  { name: "a second separator", words: "run npm test -- -x", escaped: "run -- npm test -- -x" },
  {
    name: "values of options",
    words: "run --agent a -f b -q c -d",
    escaped: "run --agent a -f b -q -- c -d",
  },
  { name: "a value after =", words: "run --agent=a c", escaped: "run --agent=a -- c" },
  { name: "no command", words: "run --agent a", escaped: "run --agent a" },
  { name: "help", words: "run --help", escaped: "run --help" },
  { name: "another verb", words: "get secrets -A", escaped: "get secrets -A" },
  { name: "nothing", words: "", escaped: "" },
]) {
  t.test(`escapeRunCommand() with ${name}`, (t) => {
    t.equal(escapeRunCommand(words.split(" ")).join(" "), escaped);
    t.end();
  });
}

t.test("runOptionsWithValue names exactly the options of the command that take a value", (t) => {
  const { flags = {}, aliases = {} } = runCommand().parameters;
  const withValue = Object.entries(flags)
    .filter(([, flag]) => flag.kind !== "boolean")
    .map(([name]) => name);
  const short = Object.entries(aliases)
    .filter(([, name]) => name !== undefined && withValue.includes(name))
    .map(([letter]) => `-${letter}`);
  const expected = [...withValue.map((name) => `--${name}`), ...short];
  t.same([...runOptionsWithValue].sort(), expected.sort());
  t.end();
});
