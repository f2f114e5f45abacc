import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { findPluginFile } from "./plugin-file.ts";

const manifest = (value: object) => ({ "package.json": JSON.stringify(value) });

/** A folder as a user may have it; `deep` is where the process starts. */
function createPlace(test: Test): string {
  return realpathSync(
    test.testdir({
      "single.ts": "",
      both: { "provider.ts": "", "provider.js": "", ...manifest({ main: "other.js" }) },
      script: { "provider.js": "" },
      module: { "provider.mjs": "" },
      main: { "entry.js": "", ...manifest({ main: "entry.js" }) },
      bare: { "index.js": "", ...manifest({}) },
      lost: manifest({ exports: "./gone.js" }),
      closed: manifest({ exports: { ".": { browser: "./x.js" } } }),
      broken: { "package.json": "{" },
      list: manifest([]),
      empty: { "readme.md": "" },
      node_modules: {
        above: { "a.js": "", ...manifest({ exports: "./a.js" }) },
      },
      deep: {
        node_modules: {
          plain: { "p.js": "", ...manifest({ main: "p.js" }) },
          conditional: {
            "c.js": "",
            ...manifest({
              exports: {
                ".": { types: "./c.d.ts", browser: "./b.js", import: { node: "./c.js" } },
                "./more": "./m.js",
              },
            }),
          },
          tried: {
            "t.js": "",
            ...manifest({ exports: [{ browser: "./b.js" }, "./t.js", "./u.js"] }),
          },
          "@acme": { provider: { "s.js": "", ...manifest({ exports: "./s.js" }) } },
        },
        here: {},
      },
    }),
  );
}

for (const { specifier, file } of [
  { specifier: "../single.ts", file: "single.ts" },
  { specifier: "../both", file: "both/provider.ts" },
  { specifier: "../both/", file: "both/provider.ts" },
  { specifier: "../script", file: "script/provider.js" },
  { specifier: "../module", file: "module/provider.mjs" },
  { specifier: "../main", file: "main/entry.js" },
  { specifier: "../bare", file: "bare/index.js" },
  { specifier: "plain", file: "deep/node_modules/plain/p.js" },
  { specifier: "conditional", file: "deep/node_modules/conditional/c.js" },
  { specifier: "tried", file: "deep/node_modules/tried/t.js" },
  { specifier: "@acme/provider", file: "deep/node_modules/@acme/provider/s.js" },
  { specifier: "above", file: "node_modules/above/a.js" },
]) {
  t.test(`findPluginFile() finds ${specifier}`, async (t) => {
    const place = createPlace(t);
    t.same(await findPluginFile(specifier, path.join(place, "deep")), {
      kind: "found",
      path: path.join(place, file),
    });
  });
}

t.test("findPluginFile() finds absolute paths, and the folder it starts from", async (t) => {
  const place = createPlace(t);
  const wanted = { kind: "found", path: path.join(place, "script/provider.js") };
  t.same(await findPluginFile(path.join(place, "script"), "/"), wanted);
  t.same(await findPluginFile(".", path.join(place, "script")), wanted);
});

t.test("findPluginFile() follows links, so that a linked package may be TypeScript", async (t) => {
  const place = createPlace(t);
  mkdirSync(path.join(place, "empty/node_modules"));
  symlinkSync(path.join(place, "both"), path.join(place, "empty/node_modules/linked"));
  t.match(await findPluginFile("linked", path.join(place, "empty")), {
    kind: "missing",
    reason: /names "other.js", which does not exist$/,
  });
  symlinkSync(path.join(place, "main"), path.join(place, "empty/node_modules/again"));
  t.same(await findPluginFile("again", path.join(place, "empty")), {
    kind: "found",
    path: path.join(place, "main/entry.js"),
  });
});

for (const { specifier, reason } of [
  { specifier: "./nothing.ts", reason: "PLACE/deep/nothing.ts does not exist" },
  {
    specifier: "../empty",
    reason: "PLACE/empty holds neither provider.ts, provider.js, provider.mjs nor package.json",
  },
  {
    specifier: "../lost",
    reason: 'PLACE/lost/package.json names "./gone.js", which does not exist',
  },
  {
    specifier: "../closed",
    reason: 'PLACE/closed/package.json names no entry in "exports" or "main"',
  },
  {
    specifier: "../list",
    reason: 'PLACE/list/package.json names no entry in "exports" or "main"',
  },
  { specifier: "nothing", reason: "no package of this name is installed in PLACE/deep" },
  {
    specifier: "here",
    reason: 'no package of this name is installed in PLACE/deep, did you mean "./here"?',
  },
  ...["", "here/provider.ts", "file:///x.ts", "Acme", "@acme", "a b", "~/x"].map((specifier) => ({
    specifier,
    reason: "wanted a path that begins with ./ or /, or the name of an npm package",
  })),
]) {
  t.test(`findPluginFile() says why there is no ${JSON.stringify(specifier)}`, async (t) => {
    const place = createPlace(t);
    const outcome = await findPluginFile(specifier, path.join(place, "deep"));
    if (outcome.kind === "found") t.fail(outcome.path);
    else t.equal(outcome.reason.replaceAll(place, "PLACE"), reason);
  });
}

t.test("findPluginFile() says what is wrong with a manifest that is no JSON", async (t) => {
  t.match(await findPluginFile("./broken", createPlace(t)), {
    kind: "missing",
    reason: /broken\/package\.json cannot be read: /,
  });
});
