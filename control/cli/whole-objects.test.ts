/** Tests that what programs read is what was given, and shows a person all that is in it, whatever an agent chose. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { parse, parseAllDocuments } from "yaml";
import { formatWhole, toJson, toJsonLine, toYaml } from "./whole-objects.ts";

const hostile: Readonly<Record<string, string>> = {
  "escape sequences": "\u001b[2J\u001b]0;title\u0007",
  "in a text of several lines": "one\ntwo \u001b[31m\n  three\u0000\n",
  "C1 controls": "\u009b31m\u0085",
  "line ends of others": "a\rb\r\nc\u2028d\u2029",
  "bidirectional overrides": "\u202egnp.exe\u202c\u2066\u2069",
  "zero width": "a\u200bb\u200d\ufeff\u00ad",
  "tags beyond the first plane": "a\u{e0041}\u{e007f}",
  "variation selectors": "a\u{e0100}\u{e01ef}\ufe00",
  "fillers of no width": "a\u3164b\u115fc\u034f\u2065",
  "halves of pairs": "\ud800 and \udc00",
  "quotes and backslashes with it": `"'\\u202e\\\u202e: # - {}`,
  delete: "\u007f",
};

/** Whatever a terminal acts on, or nobody sees; line ends and blanks are the form's own. */
const hidden = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{DI}]/u;

for (const [name, text] of Object.entries(hostile)) {
  t.test(`toJson() and toYaml() show and keep ${name}`, async (t) => {
    for (const value of [{ text }, { [text]: 1 }, [text, { deep: [text] }], text]) {
      const forms = { json: toJson(value), line: toJsonLine(value), yaml: await toYaml(value) };
      for (const [form, written] of Object.entries(forms)) t.notMatch(written, hidden, form);
      t.strictSame(JSON.parse(forms.json), value);
      t.strictSame(JSON.parse(forms.line), value);
      t.strictSame(parse(forms.yaml), value, forms.yaml);
    }
  });
}

t.test("toYaml() leaves texts of all scripts as they are", async (t) => {
  const value = { greeting: "Grüße, 世界 😀 ☀️ שלום", lines: "one\ntwo\n", path: "C:\\temp" };
  const written = await toYaml(value);
  t.match(written, "greeting: Grüße, 世界 😀 ☀️ שלום\nlines: |\n  one\n  two\n");
  t.strictSame(parse(written), value);
});

t.test("formatWhole() writes one object by itself, and several as a List", async (t) => {
  const [one, two] = [{ a: 1 }, { b: "\u202e" }];
  t.equal(await formatWhole([one], { output: "json", isOne: true }), '{\n  "a": 1\n}\n');
  const list = await formatWhole([one, two], { output: "yaml", isOne: false });
  t.equal(parseAllDocuments(list).length, 1);
  t.strictSame(parse(list), { apiVersion: "v1", kind: "List", items: [one, two] });
});

t.test("no command writes JSON by itself", async (t) => {
  const folder = path.join(import.meta.dirname, "commands");
  for (const file of readdirSync(folder)) {
    if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
    const text = readFileSync(path.join(folder, file), "utf8");
    t.notMatch(text, /\$\{JSON\.stringify\(|JSON\.stringify\([^;]*, undefined, 2\)/, file);
  }
});
