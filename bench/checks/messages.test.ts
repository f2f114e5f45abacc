/** Error sentences, on bad samples and on this repository. */
import t from "tap";
import { checkMessages } from "./messages.ts";
import { readSources, repositoryRoot } from "./repository.ts";
import { parseSource } from "./source-file.ts";

function check(text: string, path = "a.ts"): string[] {
  return checkMessages([parseSource(path, text)]);
}

const capital = "message does not start with a capital";
const fullStop = "message ends with a full stop";
const contracted = "message has a contraction";

const rejected: { name: string; text: string; problems: string[] }[] = [
  {
    name: "a small letter",
    text: `new Error("cannot do it")`,
    problems: [`${capital}: cannot do it`],
  },
  {
    name: "a full stop",
    text: `new TypeError('Cannot do it.')`,
    problems: [`${fullStop}: Cannot do it.`],
  },
  {
    name: "a contraction",
    text: `new RangeError("Port isn't free")`,
    problems: [`${contracted}: Port isn't free`],
  },
  {
    name: "it's",
    text: `new Error("Cannot read: it's gone")`,
    problems: [`${contracted}: Cannot read: it's gone`],
  },
  {
    name: "all at once, in a template",
    text: "new SyntaxError(`can't read ${path}.`)",
    problems: [
      `${capital}: can't read ….`,
      `${fullStop}: can't read ….`,
      `${contracted}: can't read ….`,
    ],
  },
  {
    name: "a message after a code",
    text: `new ClrkError("CLRK_BAD", "cannot do it", { cause })`,
    problems: [`${capital}: cannot do it`],
  },
  {
    name: "a message among options",
    text: `new ClrkError({ code: "CLRK_BAD", message: "cannot do it" })`,
    problems: [`${capital}: cannot do it`],
  },
  {
    name: "an error class of its own",
    text: `new CertificateError(\`cannot do \${f("x y")} here\`)`,
    problems: [`${capital}: cannot do … here`],
  },
  {
    name: "the end of joined pieces",
    text: `new Error("Cannot do " + what + " and " +\n "so on.")`,
    problems: [`${fullStop}: Cannot do … and so on.`],
  },
];

for (const { name, text, problems } of rejected) {
  t.test(`checkMessages() rejects ${name}`, (t) => {
    t.strictSame(
      check(text),
      problems.map((problem) => `a.ts:1: ${problem}`),
    );
    t.end();
  });
}

const accepted: { name: string; text: string }[] = [
  { name: "a good sentence", text: `new Error("Cannot mint leaf: empty label at position 2")` },
  { name: "a sentence led by a value", text: "new Error(`${action} failed with code 2`)" },
  { name: "a possessive", text: `new Error("Cannot read the user's file")` },
  { name: "a lone word", text: `new Error("aborted")` },
  { name: "a message from elsewhere", text: "new Error(message, { cause: error })" },
  { name: "an ellipsis of a value", text: "new Error(`Cannot read ${path}`)" },
  { name: "text that is no error", text: `f("cannot do it."); new ErrorList("a b.")` },
];

for (const { name, text } of accepted) {
  t.test(`checkMessages() accepts ${name}`, (t) => {
    t.strictSame(check(text), []);
    t.end();
  });
}

t.test("checkMessages() leaves tests alone", (t) => {
  t.strictSame(check(`new Error("cannot do it")`, "a.test.ts"), []);
  t.end();
});

t.test("every error message of the repository is a sentence of the house", (t) => {
  t.strictSame(checkMessages(readSources(repositoryRoot())), []);
  t.end();
});
