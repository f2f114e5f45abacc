/** Tests the generator on a small schema of its own: what it writes and when, and which schemas it refuses. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t from "tap";
import type { Test } from "tap";

const demoPath = "envoy/config.demo.v3.proto";
const demo = `syntax = "proto3";
package envoy.config.demo.v3;
import "google/protobuf.proto";
message Demo {
  message Inner { bool deep = 1; }
  enum Level { LOW = 0; HIGH = 2; }
  string long_name = 1;
  uint64 total_bytes = 2;
  Level level = 4;
  repeated Inner inner_list = 5;
  map<string, Inner> by_name = 6;
  oneof choice { Inner left = 7; string right = 8; }
  optional int64 delta = 3;
  google.protobuf.Any extra = 9;
}
message Lone {}
`;
const wellKnown = {
  "google/protobuf.proto": `syntax = "proto3";
package google.protobuf;
message Any { string type_url = 1; bytes value = 2; }
`,
};
const schema: Readonly<Record<string, string>> = {
  ...wellKnown,
  [demoPath]: demo,
  "envoy/service.discovery.v3.proto": `syntax = "proto3";
package envoy.service.discovery.v3;
message Ask { string name = 1; }
`,
  "envoy/data.accesslog.v3.proto": `syntax = "proto3";
package envoy.data.accesslog.v3;
import "envoy/config.demo.v3.proto";
message Entry { envoy.config.demo.v3.Demo.Inner inner = 1; }
`,
  "envoy/service.ext-proc.v3.proto": `syntax = "proto3";
package envoy.service.ext_proc.v3;
message Reply { string name = 1; }
`,
  "envoy/service.network-ext-proc.v3.proto": `syntax = "proto3";
package envoy.service.network_ext_proc.v3;
message Chunk { string name = 1; }
`,
  "opentelemetry/proto.logs.v1.proto": `syntax = "proto3";
package opentelemetry.proto.logs.v1;
message LogRecord { fixed64 time_unix_nano = 1; }
`,
};

interface Directories {
  readonly protoDir: string;
  readonly outDir: string;
}

async function workspace(t: Test, files: Readonly<Record<string, string>>): Promise<Directories> {
  const protoDir = await mkdtemp(join(tmpdir(), "clrk-proto-"));
  t.teardown(() => rm(protoDir, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(protoDir, name)), { recursive: true });
    await writeFile(join(protoDir, name), text);
  }
  return { protoDir, outDir: join(protoDir, "gen") };
}

/** Runs the generator as the install does; the numbers of its report are left out. */
function generate({ protoDir, outDir }: Directories): Promise<{ said: string; failed: boolean }> {
  const script = join(import.meta.dirname, "generate.mjs");
  return new Promise((resolve) => {
    execFile(process.execPath, [script, protoDir, outDir], (error, stdout, stderr) => {
      const said = `${stdout}${stderr}`.trim().replace(/\d+ ms$/, "… ms");
      resolve({ said, failed: error !== null });
    });
  });
}

const written = { said: "Protobuf code: 10 files in … ms", failed: false };
const fresh = { said: "Protobuf code is up to date", failed: false };

t.test("generate.mjs writes code and typings of every module and no temporary file", async (t) => {
  const directories = await workspace(t, schema);
  t.same(await generate(directories), written);
  t.same((await readdir(directories.outDir)).sort(), [
    "accesslog.d.ts",
    "accesslog.js",
    "discovery.d.ts",
    "discovery.js",
    "extproc.d.ts",
    "extproc.js",
    "otlp.d.ts",
    "otlp.js",
    "stamp",
    "xds.d.ts",
    "xds.js",
  ]);
});

t.test("generate.mjs does nothing when nothing changed", async (t) => {
  const directories = await workspace(t, schema);
  await generate(directories);
  await writeFile(join(directories.outDir, "xds.js"), "untouched");
  t.same(await generate(directories), fresh);
  t.equal(await readFile(join(directories.outDir, "xds.js"), "utf8"), "untouched");
});

t.test("generate.mjs writes again when a .proto file changed", async (t) => {
  const directories = await workspace(t, schema);
  await generate(directories);
  await writeFile(join(directories.protoDir, demoPath), `${demo}message More {}\n`);
  t.same(await generate(directories), written);
  t.match(await readFile(join(directories.outDir, "xds.d.ts"), "utf8"), "class More");
});

t.test("generate.mjs puts into a module what its packages refer to and nothing else", async (t) => {
  const { protoDir, outDir } = await workspace(t, schema);
  await generate({ protoDir, outDir });
  const classes = async (name: string) => {
    const text = await readFile(join(outDir, `${name}.d.ts`), "utf8");
    return [...text.matchAll(/class (\w+)/g)].map(([, found]) => found).sort();
  };
  t.same(await classes("xds"), ["Any", "Demo", "Inner", "Lone"]);
  t.same(await classes("accesslog"), ["Any", "Demo", "Entry", "Inner"]);
  t.same(await classes("discovery"), ["Ask"]);
  t.same(await classes("extproc"), ["Chunk", "Reply"]);
  t.same(await classes("otlp"), ["LogRecord"]);
  const accesslog = await readFile(join(outDir, "accesslog.js"), "utf8");
  t.match(accesslog, "Inner.decode");
  t.notMatch(accesslog, "Lone.decode");
});

t.test("generate.mjs types inputs as optional and decoded fields by their presence", async (t) => {
  const { protoDir, outDir } = await workspace(t, { ...wellKnown, [demoPath]: demo });
  await generate({ protoDir, outDir });
  const lines = (await readFile(join(outDir, "xds.d.ts"), "utf8"))
    .split("\n")
    .map((line) => line.trim());
  for (const expected of [
    "longName?: string | null | undefined;",
    "longName: string;",
    "totalBytes: number;",
    "delta: number | null;",
    "level: envoy.config.demo.v3.Demo.Level;",
    "innerList?: envoy.config.demo.v3.Demo.IInner[] | null | undefined;",
    "innerList: envoy.config.demo.v3.Demo.Inner[];",
    "byName: Record<string, envoy.config.demo.v3.Demo.Inner>;",
    "left: envoy.config.demo.v3.Demo.Inner | null;",
    "right: string | null;",
    'readonly choice: "left" | "right" | undefined;',
    "extra: google.protobuf.Any | null;",
    "HIGH = 2,",
  ]) {
    t.ok(lines.includes(expected), expected);
  }
});

const head = `syntax = "proto3"; package envoy.config.demo.v3;`;
const rejected: ReadonlyArray<{ name: string; text: string; reason: RegExp }> = [
  {
    name: "a syntax error",
    text: `${head} message {`,
    reason: /illegal type name '{' \(.*demo.*line 1\)$/,
  },
  {
    name: "an unknown type",
    text: `${head} message M { Gone g = 1; }`,
    reason: /no such Type or Enum 'Gone' in Type .envoy.config.demo.v3.M$/,
  },
  {
    name: "a missing import",
    text: `${head} import "envoy/gone.proto";`,
    reason: /ENOENT.*gone\.proto/,
  },
  {
    name: "a number used twice",
    text: `${head} message M { int32 a = 1; int32 b = 1; }`,
    reason: /duplicate id 1 in Type M/,
  },
  {
    name: "protobufjs' own copy of the well-known types",
    text: `${head} import "google/protobuf.proto"; import "google/protobuf/any.proto";`,
    reason: /duplicate/,
  },
  {
    name: "a 64-bit type without a mapping",
    text: `${head} message M { sfixed64 a = 1; }`,
    reason: /Unknown form of 64-bit access in the compiler's code: "/,
  },
  {
    name: "one name with two 64-bit types",
    text: `${head} message M { fixed64 a = 1; } message N { int64 a = 1; }`,
    reason: /Field name "a" is both int64 and fixed64$/,
  },
];

for (const { name, text, reason } of rejected) {
  t.test(`generate.mjs rejects ${name} and keeps what it wrote before`, async (t) => {
    const directories = await workspace(t, { ...wellKnown, [demoPath]: demo });
    await generate(directories);
    await writeFile(join(directories.protoDir, demoPath), text);
    const outcome = await generate(directories);
    t.ok(outcome.failed);
    t.match(outcome.said, /^Cannot generate protobuf code: /);
    t.match(outcome.said, reason);
    t.match(await readFile(join(directories.outDir, "xds.js"), "utf8"), "Demo.decode");
    t.ok((await generate(directories)).failed, "a failure leaves no fresh stamp");
  });
}
