/**
 * The example of docs/providers.md as a stranger uses it: taken from the page, written to a folder outside of this
 * repository, checked by the command line, and loaded into a gateway with a real Envoy in front of a fake of its API.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { Server } from "node:https";
import { once } from "node:events";
import { join } from "node:path";
import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import { readCodeBlocks } from "../harness/document-blocks.ts";
import { launchGateway } from "../harness/gateway-launch.ts";
import { gatewayManifest, headerCredential, objectManifest } from "../harness/gateway-manifests.ts";
import { startGateway } from "../harness/gateway.ts";
import { runProcess, temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { createUpstreamAuthority } from "../harness/upstream-authority.ts";

const root = join(import.meta.dirname, "../..");
const host = "api.acme.example";
const key = "acme-held-by-the-gateway";

interface SeenRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;
}

/** The folder of the plugin, with the page's code as it stands there. */
function writeExample(): { readonly place: string; readonly folder: string } {
  const place = temporaryDirectory(t);
  const folder = join(place, "acme");
  mkdirSync(folder);
  const page = readFileSync(join(root, "docs/providers.md"), "utf8");
  writeFileSync(join(folder, "provider.ts"), `${readCodeBlocks(page, "ts").join("\n\n")}\n`);
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  return { place, folder };
}

/** The API of the page: answers with what was said last, as a stream where it is asked to. */
async function startAcme(certificate: { certificatePem: string; privateKeyPem: string }) {
  const seen: SeenRequest[] = [];
  const server: Server = createServer({
    cert: certificate.certificatePem,
    key: certificate.privateKeyPem,
  });
  server.on("request", async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const body = JSON.parse(text);
    seen.push({
      path: request.url ?? "",
      authorization: request.headers.authorization,
      body,
    });
    const said = `You said: ${body.turns.at(-1).text}`;
    const end = { ended: "done", tokens: { in: 12, out: 5 } };
    if (body.instructions === "Fail") {
      response.writeHead(500, { "content-type": "application/json" });
      response.end('{"error":{"kind":"busy","message":"Come back later"}}');
    } else if (body.stream === true) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const event of [{ id: "r-1", model: body.model }, { text: said }, end]) {
        response.write(`data: ${JSON.stringify(event)}\n\n`);
      }
      response.end();
    } else {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ id: "r-1", model: body.model, text: said, ...end }));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot find the port");
  return { seen, port: address.port };
}

const { place, folder } = writeExample();
const authority = createUpstreamAuthority();
const acme = await startAcme(authority.issue([host]));
const routes = objectManifest("AIProviderRoute", "acme", {
  rules: [{ matches: [{ provider: "acme", endpoints: ["/v1/reply"] }] }],
});
const credentials = headerCredential({
  secret: "acme",
  route: { kind: "AIProviderRoute", name: "acme" },
  headerName: "Authorization",
  valuePrefix: "Bearer ",
});
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({
      aliases: [{ port: acme.port, hostnames: [host] }],
      upstreamCa: authority.certificatePem,
    }),
    "routes.yaml": routes,
    "credentials.yaml": credentials,
  },
  secrets: [{ name: "acme", value: key }],
  plugins: [folder],
});
const run = await gateway.registerRun("stranger");

function ask(body: object, path = "/v1/reply") {
  return requestThrough(run, `https://${host}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer placeholder" },
    body: JSON.stringify(body),
  });
}

const question = { model: "acme-large", turns: [{ by: "user", text: "Hello" }] };

t.test("the page's example passes every check, and its types are right", async (test) => {
  const clrk = join(root, "bin/clrk.mjs");
  const { PATH = "", HOME = "" } = process.env;
  const checked = await runProcess(
    {
      command: process.execPath,
      arguments: [clrk, "provider", "test", "./acme"],
      environment: { PATH, HOME },
      workingDirectory: place,
    },
    60_000,
  );
  test.equal(checked.exitCode, 0, `${checked.stdout}${checked.stderr}`);
  test.match(checked.stdout, /\d+ checks, nothing is wrong\n$/);
  // As an installed clrk has them by the `exports` of its package.json.
  const options = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      rootDir: "/",
      typeRoots: [join(root, "node_modules/@types")],
      paths: { "clrk/providers/*": [join(root, "providers/*.ts")] },
    },
    include: ["*.ts"],
    exclude: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
  const compiled = await runProcess(
    {
      command: join(root, "node_modules/.bin/tsc"),
      arguments: ["--noEmit", "--pretty", "false", "--project", folder],
    },
    60_000,
  );
  test.equal(compiled.exitCode, 0, compiled.stdout);
});

t.test(
  "a call to the plugin's host is allowed by its name, gets its key and is metered",
  async (test) => {
    const response = await ask(question);
    test.equal(response.status, 200);
    test.match(JSON.parse(response.text), { text: "You said: Hello" });
    test.equal(acme.seen.at(-1)?.authorization, `Bearer ${key}`);
    const record = await gateway.waitForRecord(({ usage }) => usage !== null);
    test.match(record, {
      request: { host, path: "/v1/reply" },
      decision: { verdict: "allow", route: { kind: "AIProviderRoute", name: "acme" } },
      provider: "acme",
      tier: "engine",
      model: {
        operation: "chat",
        requestModel: "acme-large",
        responseModel: "acme-large",
        responseId: "r-1",
        finishReasons: ["done"],
        stream: false,
      },
      usage: { inputTokens: 12, outputTokens: 5 },
      credential: { name: "Secret default/acme", header: "authorization" },
    });
  },
);

t.test("a stream is metered, with the time to its first token", async (test) => {
  const response = await ask({ ...question, model: "acme-fast", stream: true });
  test.equal(response.status, 200);
  test.match(response.text, 'data: {"text":"You said: Hello"}');
  const record = await gateway.waitForRecord(({ model }) => model?.requestModel === "acme-fast");
  test.match(record, {
    model: { stream: true, finishReasons: ["done"] },
    usage: { outputTokens: 5 },
  });
  test.equal(typeof record.model?.timeToFirstTokenMs, "number");
});

t.test("a path that no rule names is refused in the words of the plugin's API", async (test) => {
  const response = await ask(question, "/v1/other");
  test.equal(response.status, 403);
  test.equal(response.headers["x-clrk-deny-reason"], "no-rule");
  test.match(JSON.parse(response.text), {
    error: { kind: "forbidden", message: /^No rule for host api\.acme\.example allows POST / },
  });
});

t.test("a host that no route allows is refused in the same words", async (test) => {
  await gateway.change("routes.yaml", undefined);
  const response = await ask(question);
  test.equal(response.status, 403);
  test.equal(response.headers["x-clrk-deny-reason"], "default-policy");
  test.match(JSON.parse(response.text), {
    error: { kind: "forbidden", message: /allows host api\.acme\.example/ },
  });
  await gateway.change("routes.yaml", routes);
});

t.test("status and `provider list` name the plugin", async (test) => {
  const { plugins } = await gateway.status();
  test.match(plugins, [
    { name: "acme", hosts: [host], specifier: folder, path: join(folder, "provider.ts") },
  ]);
  const { PATH = "", HOME = "" } = process.env;
  const listed = await runProcess(
    {
      command: process.execPath,
      arguments: [join(root, "bin/clrk.mjs"), "provider", "list"],
      environment: { PATH, HOME, CLRK_HOME: gateway.home },
    },
    20_000,
  );
  test.match(listed.stdout, /\nacme +api\.acme\.example +acme-chat +yes\n/);
});

t.test("agents that speak OpenAI's dialect are served by the plugin's API", async (test) => {
  const backend = { group: "clrk.apoxy.dev", kind: "Backend", name: "acme" };
  await gateway.change(
    "routes.yaml",
    [
      objectManifest("Backend", "acme", {
        schema: { name: "acme" },
        upstream: { host, port: acme.port },
      }),
      objectManifest("AIProviderRoute", "acme", {
        rules: [{ matches: [{ provider: "openai" }], backendRefs: [backend] }],
      }),
      headerCredential({
        secret: "acme",
        route: { kind: "AIProviderRoute", name: "acme", sectionName: "acme" },
        headerName: "Authorization",
        valuePrefix: "Bearer ",
      }),
    ].join(""),
  );
  const chat = (more: object) =>
    requestThrough(run, "https://api.openai.com/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer placeholder" },
      body: JSON.stringify({
        model: "acme-large",
        messages: [{ role: "user", content: "Hello" }],
        ...more,
      }),
    });
  const whole = await chat({});
  test.match(JSON.parse(whole.text), {
    object: "chat.completion",
    choices: [{ message: { role: "assistant", content: "You said: Hello" } }],
    usage: { prompt_tokens: 12, completion_tokens: 5 },
  });
  test.match(acme.seen.at(-1), { path: "/v1/reply", authorization: `Bearer ${key}` });
  const stream = await chat({ stream: true });
  test.match(stream.text, "You said: Hello");
  test.match(stream.text, /data: \[DONE\]\n\n$/);
  const messages = [
    { role: "system", content: "Fail" },
    { role: "user", content: "Hello" },
  ];
  const failed = await chat({ messages });
  test.match(JSON.parse(failed.text), { error: { message: "Come back later" } });
  const refused = await chat({ tools: [{ type: "function", function: { name: "look" } }] });
  test.ok(refused.status >= 400 && refused.status < 500, "it expresses no tools");
});

t.test("a gateway does not start with a plugin that it cannot use", async (test) => {
  const broken = join(place, "broken.ts");
  const source = readFileSync(join(folder, "provider.ts"), "utf8");
  writeFileSync(broken, source.replace("interfaceVersion: 1", "interfaceVersion: 2"));
  const launched = await launchGateway(test, {
    home: join(temporaryDirectory(test), "home"),
    paths: [gateway.directory],
    args: ["--provider", broken, "--provider", join(place, "nothing")],
  });
  const said = JSON.parse(launched.output.split("\n", 1)[0] ?? "");
  test.same(said, {
    kind: "failed",
    message: [
      `Cannot load provider plugin "${broken}": ${broken} is written for version 2 of the provider interface, and this clrk has version 1`,
      `Cannot load provider plugin "${join(place, "nothing")}": ${join(place, "nothing")} does not exist`,
    ].join("\n"),
  });
  const { starter } = launched;
  await waitUntil(() => starter.exitCode !== null, {
    deadlineMs: 20_000,
    what: "end of the gateway",
  });
  test.equal(starter.exitCode, 1);
});
