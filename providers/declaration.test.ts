import t from "tap";
import { checkDeclaration, isProviderName } from "./declaration.ts";
import { providers } from "./registry.ts";

const chat = {
  name: "acme-chat",
  operation: "chat",
  expresses: new Set(["system"]),
  decodeRequest: () => 1,
  encodeRequest: () => 1,
  decodeResponse: () => 1,
  encodeResponse: () => 1,
  createStreamDecoder: () => 1,
  createStreamEncoder: () => 1,
  decodeError: () => 1,
  encodeError: () => 1,
};

const operation = {
  name: "chat",
  paths: ["/v1/{model}/chat"],
  answer: { inputTokens: ["usage.input"] },
  event: { content: ["choices[].text"] },
  finalStatuses: [],
  codec: chat,
  inputTokens: "with-cache",
};

const served = {
  codec: chat,
  modelIn: "path",
  path: ({ model, basePath }: { model: string; basePath: string }) =>
    `${basePath}/v1/${encodeURIComponent(model)}/chat`,
  headers: [{ name: "acme-version", value: "2026-01-01" }],
  lacks: new Set(["stop"]),
  serves: (model: string) => model !== "none",
};

const acme = {
  name: "acme",
  aliases: ["acme-ai"],
  hosts: ["api.acme.test", "*.acme.test", "localhost"],
  credentialHeaders: ["authorization", "x-key"],
  ownHeaders: ["x-acme-*"],
  errorBody: ({ message }: { message: string }) => ({ error: { message } }),
  errorHeaders: [{ name: "x-acme-error", value: "Denied, sorry" }],
  operations: [operation],
  served: [served],
};

for (const provider of providers) {
  t.test(`checkDeclaration() is content with ${provider.name}`, async (t) => {
    t.same(checkDeclaration(provider), { kind: "ok", provider });
  });
}

t.test("checkDeclaration() is content with all that can be declared", async (t) => {
  t.same(checkDeclaration(acme), { kind: "ok", provider: acme });
});

t.test("checkDeclaration() takes codecs that are of a class", async (t) => {
  class Chat {
    name = "acme-chat";
    operation = "chat";
    expresses = new Set();
  }
  Object.assign(Chat.prototype, Object.fromEntries(Object.entries(chat).slice(3)));
  t.equal(
    checkDeclaration({ ...acme, operations: [], served: [{ ...served, codec: new Chat() }] }).kind,
    "ok",
  );
});

const wantedName = "wanted lower-case words joined by - or _, at most 63 characters";
const wantedHost = "wanted a host name in lower case, or one after *.";
const wantedPath = "wanted a path that begins with / and names {model} at most once";
const call = '{"model":"model/of mine","stream":false,"basePath":"/base"}';

for (const { name, value, problems } of [
  { name: "nothing", value: undefined, problems: ["it is missing, wanted an object"] },
  { name: "a promise", value: Promise.resolve(acme), problems: undefined },
  {
    name: "a name with a blank",
    value: { ...acme, name: "Acme AI" },
    problems: [`name is "Acme AI", ${wantedName}`],
  },
  {
    name: "a name that is taken for something else",
    value: { ...acme, name: "custom" },
    problems: ['name is "custom", which objects use for providers without a name'],
  },
  {
    name: "an alias in upper case",
    value: { ...acme, aliases: ["ok", "ACME"] },
    problems: [`aliases[1] is "ACME", ${wantedName}`],
  },
  {
    name: "its own name as alias",
    value: { ...acme, aliases: ["acme", "x", "x"] },
    problems: ['aliases has "acme" twice', 'aliases has "x" twice'],
  },
  ...[
    "API.acme.test",
    "acme.test:443",
    "https://acme.test",
    "*acme.test",
    "a.*.test",
    "*",
    "",
    "-a.test",
    "10.0.0.1",
    "a'b.test",
    "a..test",
  ].map((host) => ({
    name: `host ${JSON.stringify(host)}`,
    value: { ...acme, hosts: [host] },
    problems: [`hosts[0] is ${JSON.stringify(host)}, ${wantedHost}`],
  })),
  {
    name: "hosts that are no list",
    value: { ...acme, hosts: "api.acme.test" },
    problems: ['hosts is "api.acme.test", wanted a list'],
  },
  {
    name: "a host twice",
    value: { ...acme, hosts: ["a.test", "a.test"] },
    problems: ['hosts has "a.test" twice'],
  },
  {
    name: "a credential header in upper case",
    value: { ...acme, credentialHeaders: ["Authorization"] },
    problems: ['credentialHeaders[0] is "Authorization", wanted a header name in lower case'],
  },
  {
    name: "a field that does not exist",
    value: { ...acme, operation: [] },
    problems: [
      "operation is unknown, wanted one of name, aliases, hosts, credentialHeaders, ownHeaders, errorBody, errorHeaders, operations, served",
    ],
  },
  {
    name: "an error header with a format command",
    value: { ...acme, errorHeaders: [{ name: "x-error", value: "100%" }] },
    problems: ['errorHeaders[0].value is "100%", wanted visible characters without %'],
  },
  {
    name: "an error header that is ours",
    value: { ...acme, errorHeaders: [{ name: "x-clrk-deny-reason", value: "x" }] },
    problems: [
      'errorHeaders[0].name is "x-clrk-deny-reason", wanted a header name in lower case that is not ours',
    ],
  },
  {
    name: "a header with a line break",
    value: { ...acme, served: [{ ...served, headers: [{ name: "a", value: "x\r\nb: c" }] }] },
    problems: ['served[0].headers[0].value is "x\\r\\nb: c", wanted visible characters without %'],
  },
  {
    name: "an error body that is no function",
    value: { ...acme, errorBody: {} },
    problems: ["errorBody is an object, wanted a function"],
  },
  {
    name: "an error body that throws",
    value: {
      ...acme,
      errorBody: () => {
        throw new Error("Not written");
      },
    },
    problems: ["errorBody() throws for status 400: Not written"],
  },
  {
    name: "an error body that is a text",
    value: { ...acme, errorBody: () => "no" },
    problems: ['errorBody() gives "no" for status 400, wanted an object'],
  },
  {
    name: "an error body without the message",
    value: { ...acme, errorBody: () => ({ error: "no" }) },
    problems: ["errorBody() leaves the message out for status 400"],
  },
  {
    name: "an output that nobody can bound",
    value: { ...acme, operations: [{ ...operation, output: { limits: [] } }] },
    problems: ["operations[0].output.limits is an empty list, wanted one element or more"],
  },
  {
    name: "an operation without paths",
    value: { ...acme, operations: [{ ...operation, paths: [] }] },
    problems: ["operations[0].paths is an empty list, wanted one element or more"],
  },
  ...["v1/chat", "/v1/chat?x=1", "/{model}/{model}", "/v1/{name}", "/v1 chat"].map((path) => ({
    name: `path ${path}`,
    value: { ...acme, operations: [{ ...operation, paths: [path] }] },
    problems: [`operations[0].paths[0] is ${JSON.stringify(path)}, ${wantedPath}`],
  })),
  {
    name: "a path twice",
    value: { ...acme, operations: [operation, operation] },
    problems: ['operations has the path "/v1/{model}/chat" twice'],
  },
  {
    name: "a fact that does not exist",
    value: { ...acme, operations: [{ ...operation, answer: { tokens: ["a"] } }] },
    problems: [
      "operations[0].answer.tokens is unknown, wanted one of id, model, content, choice, finishReason, status, inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens",
    ],
  },
  {
    name: "a fact in an unreadable place",
    value: { ...acme, operations: [{ ...operation, answer: { model: ["choices[0].text"] } }] },
    problems: [
      'operations[0].answer.model[0] is "choices[0].text", wanted a path such as usage.total',
    ],
  },
  {
    name: "two facts in one place",
    value: { ...acme, operations: [{ ...operation, answer: { id: ["a"], model: ["a"] } }] },
    problems: ['operations cannot be used: Cannot want "a" twice'],
  },
  {
    name: "an unknown way of counting",
    value: { ...acme, operations: [{ ...operation, inputTokens: "all" }] },
    problems: ['operations[0].inputTokens is "all", wanted "with-cache" or "without-cache"'],
  },
  {
    name: "a codec without its functions",
    value: {
      ...acme,
      served: [{ ...served, codec: { name: "x", operation: "chat", expresses: new Set() } }],
    },
    problems: Object.keys(chat)
      .slice(3)
      .map((key) => `served[0].codec.${key} is missing, wanted a function`),
  },
  {
    name: "a codec of an unknown operation",
    value: { ...acme, served: [{ ...served, codec: { ...chat, operation: "images" } }] },
    problems: [
      'served[0].codec.operation is "images", wanted one of chat, count_tokens, embeddings',
    ],
  },
  {
    name: "features in a list",
    value: { ...acme, served: [{ ...served, codec: { ...chat, expresses: ["system"] } }] },
    problems: ["served[0].codec.expresses is a list, wanted a Set"],
  },
  {
    name: "features that do not exist",
    value: { ...acme, served: [{ ...served, lacks: new Set(["sytem", "constructor"]) }] },
    problems: [
      'served[0].lacks has "sytem", wanted names of features.ts',
      'served[0].lacks has "constructor", wanted names of features.ts',
    ],
  },
  {
    name: "a place of the model that does not exist",
    value: { ...acme, served: [{ ...served, modelIn: "query" }] },
    problems: ['served[0].modelIn is "query", wanted "body" or "path"'],
  },
  {
    name: "a path that is not escaped",
    value: { ...acme, served: [{ ...served, path: () => "/v1/a model" }] },
    problems: [
      `served[0].path() gives "/v1/a model" for ${call}, wanted an escaped path that begins with /`,
    ],
  },
  {
    name: "a path that is not there for streams",
    value: {
      ...acme,
      served: [{ ...served, path: ({ stream }: { stream: boolean }) => (stream ? "" : "/v1") }],
    },
    problems: [`served[0].path() gives "" for ${call}, wanted an escaped path that begins with /`],
  },
  {
    name: "a path that throws",
    value: {
      ...acme,
      served: [
        {
          ...served,
          path: () => {
            throw new Error("No path");
          },
        },
      ],
    },
    problems: ["served[0] cannot be used: No path"],
  },
  {
    name: "a choice of models that is none",
    value: { ...acme, served: [{ ...served, serves: () => "yes" }] },
    problems: ['served[0].serves() gives "yes", wanted true or false'],
  },
]) {
  t.test(`checkDeclaration() refuses ${name}`, async (t) => {
    const checked = checkDeclaration(value);
    if (checked.kind === "ok") t.fail("it is content");
    else if (problems === undefined) t.ok(checked.problems.length > 0);
    else t.same(checked.problems, problems);
  });
}

t.test("checkDeclaration() names everything that is wrong at once", async (t) => {
  const checked = checkDeclaration({});
  t.equal(checked.kind === "wrong" && checked.problems.length, 6);
});

t.test("checkDeclaration() finishes with names that patterns could choke on", async (t) => {
  const long = `${"a-".repeat(50_000)}!`;
  t.equal(
    checkDeclaration({ ...acme, name: long, hosts: [long, "a.".repeat(50_000)] }).kind,
    "wrong",
  );
});

t.test("isProviderName() takes what a declaration may be named", async (t) => {
  for (const text of ["acme", "acme-2", "my_models", "a"]) t.ok(isProviderName(text), text);
  for (const text of ["", "Acme", "2go", "a b", "a--b", "custom", "../x", "x".repeat(64)]) {
    t.notOk(isProviderName(text), JSON.stringify(text));
  }
});
