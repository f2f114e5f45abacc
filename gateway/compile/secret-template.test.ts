/** What templates become with the values of a Secret, and which values they refuse. */
import t from "tap";
import { indexObjects } from "./object-index.ts";
import { renderSecretTemplate } from "./secret-template.ts";
import { secret } from "./testdata/objects.ts";

function render(template: string, values: Readonly<Record<string, string>>) {
  const place = { namespace: "default", name: "s" };
  return renderSecretTemplate(indexObjects([secret("s", values)]), place, template);
}

const longest = 32 * 1024;
const basic = `Basic \${base64(\${user}:\${pass})}`;

const rendered: readonly {
  readonly template: string;
  readonly values: Readonly<Record<string, string>>;
  readonly text: string;
}[] = [
  { template: `\${a}`, values: { a: "x" }, text: "x" },
  { template: `Bearer \${a}`, values: { a: "x y" }, text: "Bearer x y" },
  { template: `$$\${a}-\${b}-\${a}`, values: { a: "1", b: "2" }, text: "$1-2-1" },
  // A value is never read as a template.
  { template: `\${a}\${b}`, values: { a: "${b}", b: "$$" }, text: "${b}$$" },
  // The examples of RFC 7617 sections 2 and 2.1.
  {
    template: basic,
    values: { user: "Aladdin", pass: "open sesame" },
    text: "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
  },
  { template: basic, values: { user: "test", pass: "123£" }, text: "Basic dGVzdDoxMjPCow==" },
  { template: `\${base64(\${a}:)}`, values: { a: "sk" }, text: "c2s6" },
  { template: `\${base64(\${a})}`, values: { a: "???>>" }, text: "Pz8/Pj4=" },
  { template: `\${a}`, values: { a: "x".repeat(longest) }, text: "x".repeat(longest) },
];

for (const { template, values, text } of rendered) {
  t.test(`renderSecretTemplate() of ${template} gives ${text.slice(0, 40)}`, async (t) => {
    t.same(render(template, values), { kind: "found", text, notes: [] });
  });
}

t.test("renderSecretTemplate() notes each line end that it left out, once", async (t) => {
  const note = (key: string) =>
    `Key "${key}" of Secret default/s ends with a line end, which is left out`;
  t.same(render(`\${a}\${b}\${base64(\${a}\${c})}`, { a: "1\n", b: "2", c: "3\n" }), {
    kind: "found",
    text: "12MTM=",
    notes: [note("a"), note("c")],
  });
});

const tooLong = `the template becomes longer than ${longest} bytes with the values of Secret default/s`;
const rejected = [
  { template: `\${a}`, values: {}, message: 'Secret default/s has no key "a"' },
  { template: `\${base64(\${a})}`, values: {}, message: 'Secret default/s has no key "a"' },
  { template: `\${a}`, values: { a: "" }, message: 'key "a" of Secret default/s is empty' },
  {
    template: `\${a}`,
    values: { a: "hidden\nx: y" },
    message: 'key "a" of Secret default/s has a line end inside',
  },
  {
    template: `x \${a} x`,
    values: { a: "hidden " },
    message: 'key "a" of Secret default/s begins or ends with a blank',
  },
  {
    template: `\${a}`,
    values: { a: "hiddenü" },
    message: 'key "a" of Secret default/s has a character that no header can carry',
  },
  {
    template: `\${base64(\${a})}`,
    values: { a: "hidden\u0000" },
    message: 'key "a" of Secret default/s has a control character',
  },
  { template: `\${a}`, values: { a: "h".repeat(longest + 1) }, message: tooLong },
  { template: `\${a}\${a}`, values: { a: "h".repeat(longest / 2 + 1) }, message: tooLong },
  { template: `\${base64(\${a})}`, values: { a: "h".repeat(longest) }, message: tooLong },
  { template: `\${base64(\${a}\${a})}`, values: { a: "h".repeat(longest) }, message: tooLong },
];

for (const { template, values, message } of rejected) {
  t.test(`renderSecretTemplate() refuses ${template}: ${message}`, async (t) => {
    const result = render(template, values);
    t.match(result, { kind: "unusable", message });
    t.notMatch(JSON.stringify(result), /hidden/);
  });
}

t.test("renderSecretTemplate() gives what a header can carry, whatever the values", async (t) => {
  let state = 3;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  const value = () =>
    Buffer.from(Array.from({ length: 1 + random(3) }, () => random(160))).toString("latin1");
  let found = 0;
  for (let round = 0; round < 2_000; round++) {
    const result = render(`k="\${a}", \${base64(\${b}:\${a})}`, { a: value(), b: value() });
    if (result.kind === "unusable") continue;
    found++;
    t.match(result.text, /^k="[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", [A-Za-z0-9+/]+={0,2}$/);
  }
  t.ok(found > 100, `${found} found`);
});

t.test("renderSecretTemplate() throws for what no schema lets through", async (t) => {
  t.throws(() => render("fixed", {}), {
    name: "RangeError",
    message: "Cannot render template: it names no key of the Secret",
  });
});
