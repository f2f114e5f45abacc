import t from "tap";
import type { Message, Part, ReasoningPart, ToolResultPart } from "../ir.ts";
import { encodeContents, encodeInstruction } from "./content-encoder.ts";
import { assistant, user } from "./testdata/requests.ts";

const text = (words: string) => ({ kind: "text", text: words }) as const;
const call = (id: string, signature: string | null = null) =>
  ({ kind: "tool-call", id, name: `f_${id}`, arguments: '{"a":1}', signature }) as const;
const result = (callId: string, ...parts: readonly Part[]): ToolResultPart => ({
  kind: "tool-result",
  callId,
  name: null,
  parts,
  isError: false,
});
const thought = (words: string, signature: string | null): ReasoningPart => ({
  kind: "reasoning",
  text: words,
  signature,
  encrypted: null,
  origin: "gemini-generate-content",
});
const image: Part = {
  kind: "image",
  source: { kind: "base64", mediaType: "image/png", data: "AA==" },
  detail: null,
};
const pdf: Part = {
  kind: "document",
  source: { kind: "base64", mediaType: "application/pdf", data: "AA==" },
  name: "a.pdf",
};

/** Contents as they are on the wire. */
function encode(messages: readonly Message[], model = "gemini-2.5-pro"): unknown {
  return JSON.parse(JSON.stringify(encodeContents(messages, model)));
}

const functionCall = (id: string) => ({ id, name: `f_${id}`, args: { a: 1 } });
const response = (id: string, said: object) => ({ id, name: `f_${id}`, response: said });

t.test("encodeContents() joins turns of one role, so that roles alternate", async (t) => {
  const messages = [
    user(text("a")),
    user(),
    user(text("b")),
    assistant(text("c")),
    user(text("d")),
  ];
  t.same(encode(messages), [
    { role: "user", parts: [{ text: "a" }, { text: "b" }] },
    { role: "model", parts: [{ text: "c" }] },
    { role: "user", parts: [{ text: "d" }] },
  ]);
});

t.test(
  "encodeContents() writes parallel results and text of one turn in their order",
  async (t) => {
    const messages = [
      user(text("Go")),
      assistant(call("1"), call("2")),
      user(result("2", text("two")), result("1", text('{"n":1}')), text("and?")),
    ];
    t.same(encode(messages), [
      { role: "user", parts: [{ text: "Go" }] },
      {
        role: "model",
        parts: [{ functionCall: functionCall("1") }, { functionCall: functionCall("2") }],
      },
      {
        role: "user",
        parts: [
          { functionResponse: response("2", { output: "two" }) },
          { functionResponse: response("1", { n: 1 }) },
          { text: "and?" },
        ],
      },
    ]);
  },
);

t.test("encodeContents() joins the results of one turn that came as several", async (t) => {
  const messages = [
    assistant(call("1"), call("2")),
    user(result("1", text("one"))),
    user(result("2", text("two"))),
  ];
  t.match(encode(messages), [{}, { role: "user", parts: [{}, {}] }]);
});

t.test("encodeContents() names a result after its call, else after its id", async (t) => {
  const named = { ...result("9", text("x")), name: "own" };
  t.match(encode([user(result("7", text("x")), named)]), [
    { parts: [{ functionResponse: { name: "7" } }, { functionResponse: { name: "own" } }] },
  ]);
});

t.test(
  "encodeContents() writes results that failed, are empty or have several texts",
  async (t) => {
    const messages = [
      user(
        { ...result("1", text("no")), isError: true },
        { ...result("2"), isError: true },
        result("3"),
        result("4", text("a"), text("b")),
      ),
    ];
    const responses = [{ error: "no" }, { error: "" }, {}, { output: "ab" }];
    t.match(encode(messages), [
      { parts: responses.map((said) => ({ functionResponse: { response: said } })) },
    ]);
  },
);

t.test("encodeContents() puts media into results for Gemini 3", async (t) => {
  const messages = [user(result("1", text("see"), image, pdf))];
  t.same(encode(messages, "gemini-3-pro"), [
    {
      role: "user",
      parts: [
        {
          functionResponse: {
            id: "1",
            name: "1",
            response: { output: "see" },
            parts: [
              { inlineData: { mimeType: "image/png", data: "AA==" } },
              { inlineData: { mimeType: "application/pdf", data: "AA==" } },
            ],
          },
        },
      ],
    },
  ]);
});

t.test("encodeContents() puts media beside results for models before it", async (t) => {
  t.same(encode([user(result("1", image), text("well?"))]), [
    {
      role: "user",
      parts: [
        { functionResponse: { id: "1", name: "1", response: {} } },
        { inlineData: { mimeType: "image/png", data: "AA==" } },
        { text: "well?" },
      ],
    },
  ]);
});

t.test("encodeContents() signs the first call of each turn for Gemini 3", async (t) => {
  const messages = [
    assistant(call("1"), call("2")),
    user(result("1"), result("2")),
    assistant(text("then"), call("3")),
  ];
  const unchecked = "skip_thought_signature_validator";
  t.same(
    JSON.stringify(encode(messages, "gemini-3-pro")).match(/"thoughtSignature":"\w+"/g),
    Array(2).fill(`"thoughtSignature":"${unchecked}"`),
  );
  t.match(encode(messages, "gemini-3-pro"), [
    { parts: [{ thoughtSignature: unchecked }, { functionCall: functionCall("2") }] },
    {},
    { parts: [{ text: "then" }, { thoughtSignature: unchecked }] },
  ]);
});

t.test("encodeContents() signs no calls for models before it", async (t) => {
  t.notMatch(JSON.stringify(encode([assistant(call("1"))])), "thoughtSignature");
});

t.test("encodeContents() gives signatures of calls back", async (t) => {
  for (const model of ["gemini-3-pro", "gemini-2.5-pro"]) {
    t.same(encode([assistant(call("1", "c2ln"), call("2"))], model), [
      {
        role: "model",
        parts: [
          { functionCall: functionCall("1"), thoughtSignature: "c2ln" },
          { functionCall: functionCall("2") },
        ],
      },
    ]);
  }
});

const thoughts: readonly {
  readonly name: string;
  readonly parts: readonly Part[];
  readonly wanted: readonly object[];
}[] = [
  {
    name: "a thought with its signature",
    parts: [thought("Hm", "c2ln"), text("a")],
    wanted: [{ thought: true, text: "Hm", thoughtSignature: "c2ln" }, { text: "a" }],
  },
  {
    name: "a thought without one",
    parts: [thought("Hm", null)],
    wanted: [{ thought: true, text: "Hm" }],
  },
  {
    name: "a signature of hidden reasoning on the text after it",
    parts: [thought("", "c2ln"), text("a"), text("b")],
    wanted: [{ text: "a", thoughtSignature: "c2ln" }, { text: "b" }],
  },
  {
    name: "a signature after the text on none",
    parts: [text("a"), thought("", "c2ln")],
    wanted: [{ text: "a" }, { text: "", thoughtSignature: "c2ln" }],
  },
  {
    name: "a signature before a call on none",
    parts: [thought("", "c2ln"), call("1", "b3Ro")],
    wanted: [
      { text: "", thoughtSignature: "c2ln" },
      { functionCall: functionCall("1"), thoughtSignature: "b3Ro" },
    ],
  },
  {
    name: "two signatures in a row",
    parts: [thought("", "c2ln"), thought("", "b3Ro"), text("a")],
    wanted: [
      { text: "", thoughtSignature: "c2ln" },
      { text: "a", thoughtSignature: "b3Ro" },
    ],
  },
  {
    name: "nothing of reasoning that has neither",
    parts: [thought("", null), text("a")],
    wanted: [{ text: "a" }],
  },
  {
    name: "nothing of others' reasoning",
    parts: [{ ...thought("Hm", "c2ln"), origin: "anthropic-messages" }, text("a")],
    wanted: [{ text: "a" }],
  },
  { name: "a refusal as text", parts: [{ kind: "refusal", text: "No" }], wanted: [{ text: "No" }] },
];

for (const { name, parts, wanted } of thoughts) {
  t.test(`encodeContents() writes ${name}`, async (t) => {
    t.same(encode([assistant(...parts)]), [{ role: "model", parts: wanted }]);
  });
}

const texts: readonly (readonly [string, object])[] = [
  ['{"a":{"b":[1]}}', { a: { b: [1] } }],
  ["{}", {}],
  ["", {}],
  [" ", {}],
  ["[1]", { arguments: "[1]" }],
  ['{"a":', { arguments: '{"a":' }],
];

for (const [written, args] of texts) {
  t.test(
    `encodeContents() writes the arguments ${JSON.stringify(written)} as an object`,
    async (t) => {
      const part = { ...call("1"), arguments: written };
      t.match(encode([assistant(part)]), [{ parts: [{ functionCall: { args } }] }]);
    },
  );
}

t.test("encodeContents() keeps the digits of arguments and results", async (t) => {
  const digits = '{"seed":12345678901234567890,"rate":1.00}';
  const messages = [
    assistant({ ...call("1"), arguments: digits }),
    user(result("1", text(digits))),
  ];
  const written = JSON.stringify(encodeContents(messages, "gemini-2.5-pro"));
  t.equal(written.split('"seed":12345678901234567890').length, 3);
});

t.test("encodeInstruction() writes texts, and nothing where there are none", async (t) => {
  t.equal(encodeInstruction([]), undefined);
  t.same(encodeInstruction([text("a"), text("b")]), { parts: [{ text: "a" }, { text: "b" }] });
});
