/** Templates of credentials: what each means, and where the others are wrong. */
import t from "tap";
import { testReads, testRefused } from "./testdata/format-cases.ts";
import type { TemplatePart } from "./value-template.ts";
import { readValueTemplate, templateKeys, valueTemplateFormat } from "./value-template.ts";

const text = (it: string) => ({ kind: "text", text: it }) as const;
const key = (it: string) => ({ kind: "key", key: it }) as const;
const base64 = (...parts: readonly (ReturnType<typeof text> | ReturnType<typeof key>)[]) =>
  ({ kind: "base64", parts }) as const;

const rows: readonly (readonly [string, readonly TemplatePart[]])[] = [
  [`\${token}`, [key("token")]],
  [`Bearer \${api.key}`, [text("Bearer "), key("api.key")]],
  [`\${a}\${a}`, [key("a"), key("a")]],
  [`$$\${a}$$$$`, [text("$"), key("a"), text("$"), text("$")]],
  [`a)b}c{\${base64}`, [text("a)b}c{"), key("base64")]],
  [
    `Basic \${base64(\${username}:\${password})}`,
    [text("Basic "), base64(key("username"), text(":"), key("password"))],
  ],
  [`\${base64($$\${a} }{(b)}!`, [base64(text("$"), key("a"), text(" }{(b")), text("!")]],
  [`u="\${a-b}", p="\${c_d}"`, [text('u="'), key("a-b"), text('", p="'), key("c_d"), text('"')]],
];

for (const [template, parts] of rows) {
  t.test(`readValueTemplate() reads ${template}`, async (t) => {
    t.strictSame(readValueTemplate(template), { kind: "valid", value: parts });
  });
}

testReads(
  valueTemplateFormat,
  rows.map(([template]) => template),
);

const blanks = "blanks at an end, which every receiver drops";
testRefused(valueTemplateFormat, [
  ["", "it names no key of the Secret"],
  ["Bearer token", "it names no key of the Secret"],
  [`\${base64(user:pass)}`, "it names no key of the Secret"],
  [` \${a}`, blanks],
  [`\${a} `, blanks],
  [`a\n\${a}`, "character at position 1 is not printable ASCII"],
  [`\${a}\t`, "character at position 4 is not printable ASCII"],
  [`\${a}é`, "character at position 4 is not printable ASCII"],
  ["cost $5", '"$" at position 5 begins no "${…}"; "$$" stands for "$"'],
  [`\${a}$`, '"$" at position 4 begins no "${…}"; "$$" stands for "$"'],
  [`$$$x\${a}`, '"$" at position 2 begins no "${…}"; "$$" stands for "$"'],
  [`x \${a`, '"${" at position 2 is not closed by "}"'],
  ["${}", 'no Secret key after "${" at position 0'],
  [`a\${b c}`, 'no Secret key after "${" at position 1'],
  [`\${ a}`, 'no Secret key after "${" at position 0'],
  [`\${a/b}`, 'no Secret key after "${" at position 0'],
  [`\${${"k".repeat(254)}}`, 'no Secret key after "${" at position 0'],
  [`\${BASE64(\${a})}`, 'no Secret key after "${" at position 0'],
  [`\${base64(\${base64(\${a})})}`, 'no Secret key after "${" at position 9'],
  ["${base64()}", '"${base64(" at position 0 encodes nothing'],
  [`\${base64(\${a}`, '"${base64(" at position 0 is not closed by ")}"'],
  [`\${base64(\${a})`, '"${base64(" at position 0 is not closed by ")}"'],
  [`\${base64(\${a})x}`, '"${base64(" at position 0 is not closed by ")}"'],
  [`\${base64($x\${a})}`, '"$" at position 9 begins no "${…}"; "$$" stands for "$"'],
]);

t.test("readValueTemplate() reads what was written from parts, whatever they are", async (t) => {
  let state = 7;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  const letters = "aZ9 :.,-_/\\\"'{}(=~";
  const someText = () =>
    Array.from({ length: 1 + random(4) }, () => letters[random(letters.length)]).join("");
  const simple = (index: number) => {
    // Text beside text would be read as one.
    if (index % 2 === 0) return key(`k.${random(100)}`);
    return random(4) === 0 ? text("$") : text(someText());
  };
  const written = (part: TemplatePart): string => {
    if (part.kind === "text") return part.text === "$" ? "$$" : part.text;
    if (part.kind === "key") return `\${${part.key}}`;
    return `\${base64(${part.parts.map(written).join("")})}`;
  };
  for (let round = 0; round < 500; round++) {
    const count = 1 + 2 * random(4);
    const parts = Array.from({ length: count }, (_, index) =>
      index % 2 === 0 && random(3) === 0 ? base64(simple(0), simple(1), simple(2)) : simple(index),
    );
    const template = parts.map(written).join("");
    t.strictSame(readValueTemplate(template), { kind: "valid", value: parts }, template);
  }
});

t.test("readValueTemplate() ends on any text, and names no more than is in it", async (t) => {
  const pieces = ["$", "{", "}", ")", "a", "${", "$$", " ", `\${a}`, "${base64(", ")}"];
  let state = 11;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  let valid = 0;
  for (let round = 0; round < 5_000; round++) {
    const template = Array.from({ length: random(12) }, () => pieces[random(pieces.length)]).join(
      "",
    );
    const reading = readValueTemplate(template);
    if (reading.kind === "invalid") continue;
    valid++;
    for (const named of templateKeys(reading.value)) t.ok(template.includes(`\${${named}}`));
  }
  t.ok(valid > 20, `${valid} valid`);
});

t.test("templateKeys() names every key once", async (t) => {
  t.strictSame(templateKeys([key("b"), base64(key("a"), key("b")), text("c"), key("a")]), [
    "b",
    "a",
  ]);
});
