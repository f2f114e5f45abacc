/**
 * The preload under Node versions that ignore proxy variables: Node 20 from PATH, and any other given by
 * CLRK_TEST_NODES (paths separated by `:`).
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import type { Test } from "tap";
import {
  hasProgram,
  originHost,
  proxyCredential,
  startProxiedOrigin,
} from "./testdata/proxied-origin.ts";
import type { ProxiedOrigin } from "./testdata/proxied-origin.ts";

const run = promisify(execFile);
const preload = join(import.meta.dirname, "node-preload.cjs");
const projectRoot = join(import.meta.dirname, "..", "..");

async function versionOf(node: string): Promise<string> {
  const { stdout } = await run(node, ["--version"]).catch(() => ({ stdout: "" }));
  return stdout.trim().replace(/^v/, "");
}

/** Node binaries to test with, by version: none of the project's own. */
async function findNodes(): Promise<Map<string, string>> {
  const given = (process.env["CLRK_TEST_NODES"] ?? "").split(delimiter).filter(Boolean);
  const onPath = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((directory) => !directory.includes("node_modules"))
    .map((directory) => join(directory, "node"))
    .filter((path) => existsSync(path));
  const nodes = new Map<string, string>();
  for (const path of given) nodes.set(await versionOf(path), path);
  for (const path of onPath) {
    const version = await versionOf(path);
    if (version.startsWith("20.") && !nodes.has(version)) nodes.set(version, path);
  }
  nodes.delete("");
  return nodes;
}

interface Script {
  readonly node: string;
  readonly origin: ProxiedOrigin;
  readonly code: string;
  readonly environment?: Record<string, string>;
  readonly isPreloaded?: boolean;
}

/** Runs an ES module text and returns what it printed. */
async function runScript(script: Script): Promise<string> {
  const { proxyUrl, authorityFile } = script.origin;
  const { stdout } = await run(script.node, ["--input-type=module", "-e", script.code], {
    cwd: projectRoot,
    timeout: 30_000,
    env: {
      HTTP_PROXY: proxyUrl,
      HTTPS_PROXY: proxyUrl,
      NODE_USE_ENV_PROXY: "1",
      NODE_EXTRA_CA_CERTS: authorityFile,
      ...(script.isPreloaded !== false && { NODE_OPTIONS: `--require="${preload}"` }),
      ...script.environment,
    },
  });
  return stdout.trim();
}

/** Streams `first`, and `second` only when /release has been asked for: a client that buffers never gets there. */
function createListener(): Parameters<typeof startProxiedOrigin>[0] {
  let release = () => {};
  const chunk = (content: string) =>
    `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta: { content } }] })}\n\n`;
  return (request, response) => {
    if (request.url === "/release") {
      release();
      response.end("released");
    } else if (request.url?.startsWith("/v1/chat/completions")) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chunk("first"));
      release = () => response.end(`${chunk("second")}data: [DONE]\n\n`);
    } else {
      let body = "";
      request.on("data", (data) => {
        body += data;
      });
      request.on("end", () => {
        const { host, "proxy-authorization": credential } = request.headers;
        response.end(JSON.stringify({ method: request.method, host, credential, body }));
      });
    }
  };
}

const nodes = await findNodes();
const skip =
  nodes.size === 0
    ? "needs node 20"
    : (await hasProgram("openssl", "version"))
      ? false
      : "needs openssl";
const hasFetch = (version: string) => Number.parseInt(version, 10) >= 18;
// 24.0 to 24.4 send fetch through the proxy themselves, in their own words and with CONNECT for plain http.
const isFetchNative = (version: string) => version.startsWith("24.");

function testUnder(t: Test, node: string, version: string): void {
  let origin: ProxiedOrigin;
  t.beforeEach(async () => {
    origin = await startProxiedOrigin(createListener());
  });
  t.afterEach(() => origin.close());
  const get = (module: string, arguments_: string) => `
    import ${module} from "node:${module}";
    ${module}.get(${arguments_}, (response) => response.pipe(process.stdout))
      .on("error", (error) => console.log(error.message));`;
  const answer = { method: "GET", host: originHost, body: "" };

  t.test(
    "https.get() goes through a tunnel and never shows the credential to the origin",
    async (t) => {
      const code = get("https", `"https://${originHost}/x"`);
      t.strictSame(JSON.parse(await runScript({ node, origin, code })), answer);
      t.strictSame(origin.asked, [`CONNECT ${originHost}:443`]);
    },
  );

  t.test("https.get() uses the tunnel with an agent of the program's own", async (t) => {
    const code = `
      import https from "node:https";
      const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
      const get = () => new Promise((resolve, reject) =>
        https.get("https://${originHost}/x", { agent }, (response) => response.resume().on("end", resolve)).on("error", reject));
      await get();
      await get();
      agent.destroy();`;
    await runScript({ node, origin, code });
    t.strictSame(origin.asked, [`CONNECT ${originHost}:443`], "one tunnel served both requests");
  });

  t.test("https.get() verifies the origin's certificate", async (t) => {
    const code = get("https", `"https://${originHost}/x"`);
    const output = await runScript({
      node,
      origin,
      code,
      environment: { NODE_EXTRA_CA_CERTS: "" },
    });
    t.match(output, /unable to (verify the first|get local issuer) certificate/);
  });

  t.test("https.get() verifies the origin's name", async (t) => {
    const output = await runScript({ node, origin, code: get("https", `"https://other.test/x"`) });
    t.match(output, /Hostname\/IP does not match certificate's altnames/);
  });

  t.test("https.get() repeats the sentence of a proxy that refuses", async (t) => {
    const output = await runScript({ node, origin, code: get("https", `"https://refused.test/"`) });
    t.equal(
      output,
      'Cannot open a tunnel to "refused.test:443": the proxy answered 403 Forbidden: no route allows host refused.test',
    );
  });

  t.test("https.get() says that the proxy is not reachable", async (t) => {
    const code = get("https", `"https://${originHost}/"`);
    const environment = { HTTPS_PROXY: "http://127.0.0.1:9" };
    t.match(
      await runScript({ node, origin, code, environment }),
      `Cannot open a tunnel to "${originHost}:443": the proxy is not reachable (connect ECONNREFUSED 127.0.0.1:9)`,
    );
  });

  t.test("http.get() is sent in absolute form", async (t) => {
    const code = get("http", `"http://${originHost}:8080/x"`);
    t.strictSame(JSON.parse(await runScript({ node, origin, code })), {
      ...answer,
      host: `${originHost}:8080`,
    });
    t.strictSame(origin.asked, [`GET http://${originHost}:8080/x`]);
  });

  t.test("http.get() is sent in absolute form when its head is already rendered", async (t) => {
    const options = `{ host: "${originHost}", path: "/x", headers: ["Host", "${originHost}", "X-Y", "1"] }`;
    t.strictSame(JSON.parse(await runScript({ node, origin, code: get("http", options) })), answer);
    t.strictSame(origin.asked, [`GET http://${originHost}/x`]);
  });

  t.test("http.get() leaves a request alone that already has the proxy's form", async (t) => {
    const { port } = new URL(origin.proxyUrl);
    const authorization = `Basic ${Buffer.from(proxyCredential).toString("base64")}`;
    const options = `{ host: "127.0.0.1", port: ${port}, path: "http://${originHost}/x",
      headers: { host: "${originHost}", "proxy-authorization": "${authorization}" } }`;
    t.strictSame(JSON.parse(await runScript({ node, origin, code: get("http", options) })), answer);
    t.strictSame(origin.asked, [`GET http://${originHost}/x`]);
  });

  t.test("http.get() reaches NO_PROXY hosts directly", async (t) => {
    const server = createServer((_, response) => response.end("direct")).listen(0, "127.0.0.1");
    t.teardown(() => server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    for (const entry of ["127.0.0.1", "localhost,127.0.0.1,::1", `127.0.0.1:${port}`, "*"]) {
      const code = get("http", `"http://127.0.0.1:${port}/"`);
      t.equal(
        await runScript({ node, origin, code, environment: { NO_PROXY: entry } }),
        "direct",
        entry,
      );
    }
    t.strictSame(origin.asked, []);
  });

  t.test("http.get() does not take a longer name for a NO_PROXY host", async (t) => {
    for (const entry of ["test", "gin.test", ".origin.test", `${originHost}:81`]) {
      const code = get("http", `"http://${originHost}/x"`);
      const output = await runScript({ node, origin, code, environment: { NO_PROXY: entry } });
      t.strictSame(JSON.parse(output), answer, entry);
    }
  });

  t.test("the preload does nothing without a proxy, or with one that it cannot use", async (t) => {
    for (const proxy of ["", "not a url", "socks5://127.0.0.1:1", "https://127.0.0.1:1"]) {
      const environment = { HTTPS_PROXY: proxy, HTTP_PROXY: proxy, NODE_USE_ENV_PROXY: "" };
      const output = await runScript({
        node,
        origin,
        code: get("https", `"https://${originHost}/"`),
        environment,
      });
      t.match(output, /getaddrinfo (ENOTFOUND|EAI_AGAIN)/, proxy);
    }
  });

  t.test(
    "fetch() of the program works in a worker thread too",
    { skip: !hasFetch(version) && "no fetch" },
    async (t) => {
      const code = `
      import { Worker } from "node:worker_threads";
      new Worker('fetch("https://${originHost}/x").then((r) => r.text()).then(console.log)', { eval: true });`;
      t.strictSame(JSON.parse(await runScript({ node, origin, code })), answer);
    },
  );
  if (hasFetch(version) && !isFetchNative(version)) testFetch(t, node, () => origin);
}

function testFetch(t: Test, node: string, current: () => ProxiedOrigin): void {
  t.test("fetch() gets through a tunnel", async (t) => {
    const origin = current();
    const code = `console.log(await (await fetch("https://${originHost}/x")).text())`;
    t.strictSame(JSON.parse(await runScript({ node, origin, code })), {
      method: "GET",
      host: originHost,
      body: "",
    });
    t.strictSame(origin.asked, [`CONNECT ${originHost}:443`]);
  });

  t.test("fetch() sends plain http in absolute form", async (t) => {
    const origin = current();
    const code = `console.log(await (await fetch("http://${originHost}/x")).text())`;
    t.match(JSON.parse(await runScript({ node, origin, code })), {
      method: "GET",
      host: originHost,
    });
    t.strictSame(origin.asked, [`GET http://${originHost}/x`]);
  });

  t.test("fetch() sends a body that is a stream", async (t) => {
    const origin = current();
    const code = `
      const body = new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("streamed")); c.close(); } });
      console.log(await (await fetch("https://${originHost}/x", { method: "POST", body, duplex: "half" })).text())`;
    t.match(JSON.parse(await runScript({ node, origin, code })), {
      method: "POST",
      body: "streamed",
    });
  });

  t.test("fetch() reads a response while it is streamed", async (t) => {
    const origin = current();
    const code = `
      const response = await fetch("https://${originHost}/v1/chat/completions", { method: "POST", body: "{}" });
      let text = "";
      for await (const chunk of response.body) {
        text += new TextDecoder().decode(chunk);
        if (!text.includes("second")) await (await fetch("https://${originHost}/release")).text();
      }
      console.log(text.match(/first|second|DONE/g).join(" "));`;
    t.equal(await runScript({ node, origin, code }), "first second DONE");
  });

  t.test("fetch() can be aborted while it streams", async (t) => {
    const code = `
      const controller = new AbortController();
      const response = await fetch("https://${originHost}/v1/chat/completions", { method: "POST", body: "{}", signal: controller.signal });
      controller.abort();
      await response.text().catch((error) => console.log(error.name));`;
    t.equal(await runScript({ node, origin: current(), code }), "AbortError");
  });

  t.test("fetch() fails with the sentence of a proxy that refuses", async (t) => {
    const code = `await fetch("https://refused.test/").catch((error) => console.log(error.cause.message))`;
    t.match(
      await runScript({ node, origin: current(), code }),
      /403 Forbidden: no route allows host refused\.test$/,
    );
  });

  t.test("fetch() verifies the origin's certificate", async (t) => {
    const code = `await fetch("https://${originHost}/").catch((error) => console.log(error.cause.message))`;
    const output = await runScript({
      node,
      origin: current(),
      code,
      environment: { NODE_EXTRA_CA_CERTS: "" },
    });
    t.match(output, /unable to (verify the first|get local issuer) certificate/);
  });

  t.test("the openai SDK streams a completion", async (t) => {
    const origin = current();
    const code = `
      import OpenAI from "openai";
      const client = new OpenAI({ apiKey: "placeholder", baseURL: "https://${originHost}/v1", maxRetries: 0 });
      const stream = await client.chat.completions.create({ model: "m", stream: true, messages: [{ role: "user", content: "x" }] });
      const words = [];
      for await (const event of stream) {
        words.push(event.choices[0].delta.content);
        if (words.length === 1) await fetch("https://${originHost}/release");
      }
      console.log(words.join(" "));`;
    t.equal(await runScript({ node, origin, code }), "first second");
    t.ok(origin.asked.every((line) => line === `CONNECT ${originHost}:443`));
  });
}

t.test("the preload sends Node's clients through the proxy", { skip }, async (t) => {
  for (const [version, node] of nodes) {
    t.test(`under Node ${version}`, async (t) => testUnder(t, node, version));
  }
});

t.test("the preload leaves a Node with NODE_USE_ENV_PROXY as it is", { skip }, async (t) => {
  const origin = await startProxiedOrigin(createListener());
  t.teardown(() => origin.close());
  const code = `
    import http from "node:http";
    import https from "node:https";
    const key = Symbol.for("undici.globalDispatcher.1");
    console.log(http.Agent.prototype.addRequest.name, https.Agent.prototype.createConnection.name,
      Response && globalThis[key].constructor.name);`;
  const node = process.execPath;
  const preloaded = await runScript({ node, origin, code });
  t.equal(preloaded, await runScript({ node, origin, code, isPreloaded: false }));
  const fetched = `console.log(await (await fetch("https://${originHost}/x")).text())`;
  t.match(JSON.parse(await runScript({ node, origin, code: fetched })), { host: originHost });
  t.strictSame(origin.asked, [`CONNECT ${originHost}:443`]);
});
