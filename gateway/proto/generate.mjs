/**
 * Compiles the .proto files of this directory into `gen/*.js` with typings: `node gateway/proto/generate.mjs`.
 * Runs at install, so it is plain JavaScript for Node 20 and later; does nothing when `gen/` is up to date.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import protobuf from "protobufjs";
import { adaptCode } from "./generate/code.mjs";
import { typings } from "./generate/typings.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/**
 * The modules of `gen/`. Each holds the messages of its packages and whatever they refer to, so that reading
 * access logs does not load the configuration of every filter.
 */
const modules = [
  { name: "xds", packages: /^\.(?!envoy\.(?:service|data)\.|opentelemetry\.)/ },
  { name: "discovery", packages: /^\.(?:envoy\.service\.discovery|google\.rpc)\./ },
  { name: "accesslog", packages: /^\.envoy\.(?:service|data)\.accesslog\./ },
  { name: "extproc", packages: /^\.envoy\.service\.(?:(?:network_)?ext_proc|ratelimit)\./ },
  { name: "otlp", packages: /^\.opentelemetry\./ },
];

/**
 * Writes `outDir` from the .proto files below `protoDir`.
 *
 * @param {{ protoDir?: string, outDir?: string }} [options] directories; this directory and its `gen` by default
 * @returns {Promise<{ kind: "fresh" | "written", files: number }>} `fresh` when the stamp showed nothing to do
 * @throws {Error} when a .proto file does not parse or refers to an unknown type; `outDir` stays as it was
 */
export async function generate({ protoDir = here, outDir = path.join(here, "gen") } = {}) {
  const sources = await findSources(protoDir);
  const stamp = await stampOf(protoDir, sources);
  const stampFile = path.join(outDir, "stamp");
  if ((await readFile(stampFile, "utf8").catch(() => "")) === stamp) {
    return { kind: "fresh", files: 0 };
  }
  // All in memory first: a schema that fails in one module must not leave the others new.
  const outputs = [];
  for (const { name, packages } of modules) {
    const root = loadRoot(protoDir, sources);
    keepReachable(root, packages);
    outputs.push({ file: `${name}.js`, text: adaptCode(root, await compile(root, name)) });
    outputs.push({ file: `${name}.d.ts`, text: typings(root) });
  }
  await mkdir(outDir, { recursive: true });
  for (const { file, text } of outputs) {
    await replaceFile(path.join(outDir, file), text);
  }
  await replaceFile(stampFile, stamp);
  return { kind: "written", files: outputs.length };
}

/** Whole or not at all: another process may be importing the module meanwhile. */
async function replaceFile(file, text) {
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, text);
  await rename(temporary, file);
}

async function findSources(protoDir) {
  const entries = await readdir(protoDir, { recursive: true });
  return entries.filter((name) => name.endsWith(".proto")).sort();
}

/** Hash over everything the output depends on: sources, this generator and the compiler's version. */
async function stampOf(protoDir, sources) {
  const hash = createHash("sha256");
  const generator = ["generate.mjs", "generate/code.mjs", "generate/typings.mjs"];
  const files = [
    ...generator.map((name) => path.join(here, name)),
    ...sources.map((name) => path.join(protoDir, name)),
    require.resolve("protobufjs/package.json"),
    require.resolve("protobufjs-cli/package.json"),
  ];
  for (const file of files) {
    hash.update(path.basename(file)).update(await readFile(file));
  }
  return hash.digest("hex");
}

function loadRoot(protoDir, sources) {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => path.join(protoDir, target);
  root.loadSync(sources);
  return root.resolveAll();
}

/** Removes what no message of the wanted packages refers to or is nested in, directly or through others. */
function keepReachable(root, packages) {
  const reached = new Set();
  const pending = collect(root).filter((object) => packages.test(object.fullName));
  while (pending.length > 0) {
    const object = pending.pop();
    if (reached.has(object)) {
      continue;
    }
    reached.add(object);
    if (object.parent instanceof protobuf.Type) {
      pending.push(object.parent);
    }
    for (const field of object.fieldsArray ?? []) {
      if (field.resolvedType) {
        pending.push(field.resolvedType);
      }
    }
  }
  prune(root, reached);
}

function collect(namespace) {
  return namespace.nestedArray.flatMap((object) => [
    ...(object instanceof protobuf.Type || object instanceof protobuf.Enum ? [object] : []),
    ...(object instanceof protobuf.Namespace ? collect(object) : []),
  ]);
}

function prune(namespace, reached) {
  for (const object of [...namespace.nestedArray]) {
    if (object instanceof protobuf.Namespace) {
      prune(object, reached);
    }
    if (
      !reached.has(object) &&
      !(object instanceof protobuf.Namespace && object.nestedArray.length)
    ) {
      namespace.remove(object);
    }
  }
}

/** Static code: no reflection at run time, nothing but `protobufjs/minimal` loaded. */
function compile(root, name) {
  const { generate: run } = require("protobufjs-cli/pbjs");
  const options = {
    target: "static-module",
    wrap: "esm",
    dependency: "protobufjs/minimal.js",
    // Each module has its own root: they share a process, and pruned messages must not overwrite whole ones.
    root: `clrk-${name}`,
    lint: "",
    verify: false,
    convert: false,
    delimited: false,
    service: false,
    comments: false,
  };
  return new Promise((resolve, reject) => {
    run(root, options, (error, code) => (error ? reject(error) : resolve(code)));
  });
}

/** `node generate.mjs [protoDir outDir]`: says what it did, or in one sentence on stderr why it could not. */
async function main([protoDir, outDir]) {
  const started = performance.now();
  try {
    const { kind, files } = await generate({ protoDir, outDir });
    const milliseconds = Math.round(performance.now() - started);
    console.log(
      kind === "fresh"
        ? "Protobuf code is up to date"
        : `Protobuf code: ${files} files in ${milliseconds} ms`,
    );
  } catch (error) {
    console.error(`Cannot generate protobuf code: ${error.message}`);
    process.exitCode = 1;
  }
}

if (process.argv[1] && pathToFileURL(process.argv[1]).href === import.meta.url) {
  await main(process.argv.slice(2));
}
