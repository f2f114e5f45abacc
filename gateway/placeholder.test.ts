/** Placeholders: of the value's shape, the same over rotations, and nothing of the value but its shape. */
import t from "tap";
import { isKeyShaped } from "./key-shape.ts";
import { createPlaceholder, placeholderTag } from "./placeholder.ts";

const key = Buffer.alloc(32, 7);
const tag = placeholderTag(key);

function made(value: string, name = "default/key/token", from: Uint8Array = key): string {
  const outcome = createPlaceholder(value, { key: from, name });
  if (outcome.kind !== "made") throw new Error(outcome.reason);
  return outcome.text;
}

const shapes = [
  {
    name: "Anthropic",
    value: `sk-ant-api03-${"Ab3_dEf-9h".repeat(9)}AA`,
    wanted: /^sk-ant-api03-[\dA-Za-z]{92}$/,
  },
  {
    name: "OpenAI project",
    value: `sk-proj-${"aB3dE_".repeat(8)}`,
    wanted: /^sk-proj-[\dA-Za-z]{48}$/,
  },
  { name: "GitHub", value: `ghp_${"aB3d".repeat(9)}`, wanted: /^ghp_[\dA-Za-z]{36}$/ },
  { name: "Azure", value: "0a1b2c3d".repeat(4), wanted: /^[\da-f]{32}$/ },
  { name: "upper case", value: "0A1B2C3D".repeat(4), wanted: /^[\dA-F]{32}$/ },
  {
    name: "UUID",
    value: "0a1b2c3d-0a1b-4c3d-8e4f-0a1b2c3d4e5f",
    wanted: /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/,
  },
  {
    name: "Base64",
    value: "aB3+aB3dE6gH9jK2mN5pQ8/tU1wX4z==",
    wanted: /^[\dA-Za-z]{3}\+[\dA-Za-z]{18}\/[\dA-Za-z]{7}==$/,
  },
  { name: "other marks", value: 'aB3dE6gH9jK2mN5p"\\q8rS1uV4xY7z', wanted: /^\w{16}"\\\w{12}$/ },
];

for (const { name, value, wanted } of shapes) {
  t.test(`createPlaceholder() keeps the shape of ${name}`, async (t) => {
    const text = made(value);
    t.match(text, wanted);
    t.equal(text.length, value.length);
    t.ok(text.toLowerCase().includes(tag));
    t.equal(isKeyShaped(text), isKeyShaped(value));
    for (const encode of [encodeURIComponent, JSON.stringify]) {
      t.equal(encode(text).length, encode(value).length);
    }
  });
}

t.test(
  "createPlaceholder() depends on the key and on whose value it is, not on the value",
  async (t) => {
    const value = `sk-ant-api03-${"Ab3_dEf-9h".repeat(9)}AA`;
    const rotated = `sk-ant-api03-${"-7gHi_2jKl".repeat(9)}ZZ`;
    t.equal(made(rotated), made(value));
    t.equal(made(value), made(value));
    t.not(made(value, "default/other/token"), made(value));
    t.not(made(value, "default/key/token", Buffer.alloc(32, 8)), made(value));
  },
);

t.test("createPlaceholder() says what has no room for one", async (t) => {
  const reason = "has fewer than 20 letters and digits behind its prefix, 12 of them in a row";
  for (const value of ["hunter2", "sk-ant-api03-short", "a1.".repeat(20), ""]) {
    t.same(createPlaceholder(value, { key, name: "x" }), { kind: "impossible", reason });
  }
  t.same(createPlaceholder("1".repeat(40), { key, name: "x" }), {
    kind: "impossible",
    reason: "holds no letter",
  });
});
