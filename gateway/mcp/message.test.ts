/** How messages are read: each refusal is a way in which a lenient server would read something else than we do. */
import t from "tap";
import { readBody } from "./message.ts";

const call = (more: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call",${more}}`;

function read(body: string | Buffer) {
  return readBody(Buffer.from(body));
}

function reasonOf(body: string | Buffer): string {
  const found = read(body);
  if (found.kind === "malformed") return found.reason;
  const reads = found.kind === "single" ? [found.read] : found.reads;
  return reads.flatMap((one) => (one.kind === "malformed" ? [one.reason] : [])).join("; ");
}

t.test("readBody() reads requests, notifications and responses", async (test) => {
  test.same(read(call('"params":{"name":"search","arguments":{"a":1,"A":2}}')), {
    kind: "single",
    read: {
      kind: "message",
      message: {
        kind: "request",
        id: "1",
        method: "tools/call",
        subjects: [{ kind: "tool", name: "search" }],
        arguments: {},
        cancels: null,
        revision: null,
      },
    },
  });
  test.match(read('{"jsonrpc":"2.0","method":"notifications/initialized"}'), {
    read: { message: { kind: "notification", id: null } },
  });
  test.match(read('{"jsonrpc":"2.0","id":"a","result":{}}'), {
    read: { message: { kind: "response", id: '"a"', method: "" } },
  });
});

t.test("readBody() reads which request a notification cancels", async (test) => {
  const cancel = (id: string, method = "notifications/cancelled") =>
    read(`{"jsonrpc":"2.0","method":"${method}","params":{"requestId":${id}}}`);
  for (const [id, key] of [
    ["7", "7"],
    ['"7"', '"7'],
    ['"\\u0061"', '"a'],
    ["[7]", null],
  ] as const) {
    test.match(cancel(id), { read: { message: { cancels: key } } });
  }
  test.match(cancel("7", "notifications/progress"), { read: { message: { cancels: null } } });
});

t.test("readBody() keeps ids as they were written", async (test) => {
  for (const id of [
    "9007199254740993",
    "-0",
    '"\\u0061"',
    '"1"',
    "123456789012345678901234567890",
  ]) {
    test.match(read(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`), {
      read: { message: { id } },
    });
  }
});

t.test("readBody() reads keys and names that are escaped", async (test) => {
  test.match(read(call('"p\\u0061rams":{"n\\u0061me":"ev\\u0069l"}')), {
    read: { message: { subjects: [{ kind: "tool", name: "evil" }] } },
  });
});

t.test("readBody() reads what messages name", async (test) => {
  const cases = [
    ["prompts/get", '{"name":"p"}', [{ kind: "prompt", name: "p" }]],
    ["resources/read", '{"uri":"file:///a"}', [{ kind: "resource", name: "file:///a" }]],
    ["resources/subscribe", '{"uri":"u:1"}', [{ kind: "resource", name: "u:1" }]],
    ["resources/unsubscribe", '{"uri":"u:1"}', [{ kind: "resource", name: "u:1" }]],
    [
      "completion/complete",
      '{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"x","value":""}}',
      [{ kind: "prompt", name: "p" }],
    ],
    [
      "completion/complete",
      '{"ref":{"type":"ref/resource","uri":"u:{x}"}}',
      [{ kind: "resource", name: "u:{x}" }],
    ],
    [
      "subscriptions/listen",
      '{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["u:1", "u:2"]}}',
      [
        { kind: "resource", name: "u:1" },
        { kind: "resource", name: "u:2" },
      ],
    ],
    ["tools/list", '{"cursor":"x"}', []],
  ] as const;
  for (const [method, params, subjects] of cases) {
    const body = `{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`;
    test.match(read(body), { read: { message: { method, subjects } } }, method);
  }
});

const refused: readonly (readonly [name: string, body: string | Buffer, reason: string])[] = [
  [
    "a key twice",
    call('"params":{"name":"ok","name":"evil"}'),
    "params: a key comes twice in one object",
  ],
  [
    "a key twice, once escaped",
    call('"params":{"name":"ok","n\\u0061me":"evil"}'),
    "params: a key comes twice in one object",
  ],
  [
    "a key in two cases",
    call('"params":{"name":"evil","NAME":"ok"}'),
    "params: a key comes twice in one object",
  ],
  [
    "a key in another case alone",
    call('"params":{"Name":"evil"}'),
    "a key of params is written in another case",
  ],
  [
    "params twice",
    call('"params":{"name":"ok"},"params":{"name":"evil"}'),
    "a key comes twice in one object",
  ],
  [
    "a key with a long s",
    call('"params":{"name":"ok"},"param\u017f":{"name":"evil"}'),
    "a key comes twice in one object",
  ],
  [
    "a long s alone",
    '{"jsonrpc":"2.0","id":1,"method":"ping","re\u017fult":1}',
    'key "re\u017fult" is written in another case',
  ],
  [
    "a method hidden in a response",
    '{"jsonrpc":"2.0","id":1,"Method":"tools/call","result":{}}',
    'key "Method" is written in another case',
  ],
  [
    "both request and response",
    call('"params":{"name":"ok"},"result":{}'),
    "it is both a request and a response",
  ],
  ["neither", '{"jsonrpc":"2.0","id":1}', "it is neither a request nor a response"],
  [
    "result and error",
    '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}',
    "it is neither a request nor a response",
  ],
  [
    "invalid UTF-8",
    Buffer.concat([
      Buffer.from('{"jsonrpc":"2.0","id":1,"method":"a'),
      Buffer.of(0xc0, 0xaf),
      Buffer.from('"}'),
    ]),
    "it is not UTF-8",
  ],
  ["a byte order mark", `\ufeff${call('"params":{"name":"ok"}')}`, "it is not JSON"],
  ["trailing bytes", `${call('"params":{"name":"ok"}')} x`, "something follows the JSON"],
  [
    "two documents",
    `${call('"params":{"name":"ok"}')}\n${call('"params":{"name":"evil"}')}`,
    "something follows the JSON",
  ],
  ["a NUL at the end", `${call('"params":{"name":"ok"}')}\u0000`, "something follows the JSON"],
  ["truncated", call('"params":{"name":"ok"}').slice(0, -1), "it is not JSON"],
  ["a comment", call('"params":{"name":"ok"/**/}'), "it is not JSON"],
  ["single quotes", "{'jsonrpc':'2.0'}", "it is not JSON"],
  ["a trailing comma", call('"params":{"name":"ok",}'), "it is not JSON"],
  ["NaN", call('"params":{"name":NaN}'), "it is not JSON"],
  ["nothing", "", "it is not JSON"],
  ["no object", '"tools/call"', "it is not a JSON object"],
  [
    "too deep",
    call(`"params":{"name":"ok","arguments":${"[".repeat(200)}${"]".repeat(200)}}`),
    "it is nested more than 128 levels deep",
  ],
  ["another version", '{"jsonrpc":"1.0","id":1,"method":"ping"}', 'jsonrpc is not "2.0"'],
  ["no version", '{"id":1,"method":"ping"}', 'jsonrpc is not "2.0"'],
  [
    "a null id",
    '{"jsonrpc":"2.0","id":null,"method":"ping"}',
    "id is neither a string nor an integer",
  ],
  [
    "a broken id",
    '{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
    "id is neither a string nor an integer",
  ],
  [
    "an id as list",
    '{"jsonrpc":"2.0","id":[1],"method":"ping"}',
    "id is neither a string nor an integer",
  ],
  [
    "a long id",
    `{"jsonrpc":"2.0","id":"${"a".repeat(300)}","method":"ping"}`,
    "id is neither a string nor an integer",
  ],
  ["a method as number", '{"jsonrpc":"2.0","id":1,"method":1}', "method is no text that names one"],
  [
    "a method with NUL",
    '{"jsonrpc":"2.0","id":1,"method":"ping\\u0000/x"}',
    "method is no text that names one",
  ],
  ["params as list", call('"params":["ok"]'), "params: it is not a JSON object"],
  ["no name", call('"params":{}'), "params.name is no text that names one"],
  [
    "no params",
    '{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
    "params.name is no text that names one",
  ],
  ["a name as object", call('"params":{"name":{"x":1}}'), "params.name is no text that names one"],
  [
    "a lone surrogate",
    call('"params":{"name":"\\ud800"}'),
    "params.name is no text that names one",
  ],
  [
    "a method in another case",
    '{"jsonrpc":"2.0","id":1,"method":"Tools/Call","params":{"name":"evil"}}',
    "method tools/call is written in another way",
  ],
  [
    "a method with a space",
    '{"jsonrpc":"2.0","id":1,"method":"tools/call ","params":{"name":"evil"}}',
    "method tools/call is written in another way",
  ],
  [
    "a URI in another case",
    '{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"URI":"u"}}',
    "a key of params is written in another case",
  ],
  [
    "an unknown reference",
    '{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"x"}}}',
    "params.ref.type is not known",
  ],
  [
    "a reference in another case",
    '{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"Type":"ref/prompt","type":"x"}}}',
    "params.ref: a key comes twice in one object",
  ],
  [
    "subscriptions to no texts",
    '{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":[1]}}}',
    "params.notifications.resourceSubscriptions is no list of URIs",
  ],
  [
    "meta twice",
    call('"params":{"name":"ok","_meta":{},"_META":{}}'),
    "params: a key comes twice in one object",
  ],
  ["an empty batch", "[]", "a batch has no message"],
  ["a batch in a batch", `[[${call('"params":{"name":"ok"}')}]]`, "it is not a JSON object"],
  [
    "a long batch",
    `[${Array.from({ length: 65 }, (_, id) => `{"jsonrpc":"2.0","id":${id},"method":"ping"}`).join(",")}]`,
    "a batch has more than 64 messages",
  ],
  [
    "ids twice in a batch",
    '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":1,"method":"ping"}]',
    "two requests of a batch have the same id",
  ],
  [
    "a text twice, spelled in two ways, as ids of a batch",
    '[{"jsonrpc":"2.0","id":"a","method":"ping"},{"jsonrpc":"2.0","id":"\\u0061","method":"ping"}]',
    "two requests of a batch have the same id",
  ],
  [
    "a number twice, spelled in two ways, as ids of a batch",
    '[{"jsonrpc":"2.0","id":0,"method":"ping"},{"jsonrpc":"2.0","id":-0,"method":"ping"}]',
    "two requests of a batch have the same id",
  ],
];

for (const [name, body, reason] of refused) {
  t.test(`readBody() refuses ${name}`, async (test) => {
    test.equal(reasonOf(body), reason);
  });
}

t.test("readBody() reads each message of a batch", async (test) => {
  const body = `[ ${call('"params":{"name":"ok"}')} , {"jsonrpc":"2.0","method":"x"}, {"id":1} ]`;
  test.match(read(body), {
    kind: "batch",
    reads: [
      { kind: "message", message: { kind: "request" } },
      { kind: "message", message: { kind: "notification", method: "x" } },
      { kind: "malformed" },
    ],
  });
});

t.test("readBody() never throws and never takes a cut message for a whole one", async (test) => {
  const whole = call(
    '"params":{"name":"s\\u00fc","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}',
  );
  for (let end = 0; end < Buffer.byteLength(whole); end++) {
    test.not(reasonOf(Buffer.from(whole).subarray(0, end)), "", String(end));
  }
  test.match(read(whole), { read: { message: { revision: "2026-07-28" } } });
});
