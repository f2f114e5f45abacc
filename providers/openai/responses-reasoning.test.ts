import t from "tap";
import { decodeReasoning, decodeReasoningInput, encryptedContent } from "./responses-reasoning.ts";

const origin = "openai-responses";

t.test(
  "decodeReasoning() takes what is encrypted beside a summary for its signature",
  async (t) => {
    const item = {
      type: "reasoning",
      id: "rs_1",
      summary: [{ type: "summary_text", text: "Hm" }],
      encrypted_content: "gAAA",
    };
    t.same(decodeReasoning(item), {
      kind: "reasoning",
      text: "Hm",
      signature: "gAAA",
      encrypted: null,
      origin,
    });
  },
);

t.test("decodeReasoning() keeps reasoning that is hidden", async (t) => {
  const item = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAA" };
  t.same(decodeReasoning(item), {
    kind: "reasoning",
    text: "",
    signature: null,
    encrypted: "gAAA",
    origin,
  });
});

t.test("decodeReasoning() joins texts of summary and content", async (t) => {
  const item = {
    summary: [{ text: "One" }, { text: "" }, "odd", { text: 5 }, { text: "Two" }],
    content: [{ type: "reasoning_text", text: "Three" }],
  };
  t.equal(decodeReasoning(item).text, "One\n\nTwo\n\nThree");
});

for (const content of ["", null, 5]) {
  t.test(`decodeReasoning() finds nothing encrypted in ${JSON.stringify(content)}`, async (t) => {
    const { signature, encrypted } = decodeReasoning({ summary: [], encrypted_content: content });
    t.same({ signature, encrypted }, { signature: null, encrypted: null });
  });
}

t.test("encryptedContent() gives the provider's own back as it was", async (t) => {
  t.equal(encryptedContent({ signature: "s", encrypted: null, origin }), "s");
  t.equal(encryptedContent({ signature: null, encrypted: "e", origin }), "e");
  t.equal(encryptedContent({ signature: null, encrypted: null, origin }), null);
});

const foreign: readonly { name: string; signature: string | null; encrypted: string | null }[] = [
  { name: "a signature", signature: 'a+/="é', encrypted: null },
  { name: "what is encrypted", signature: null, encrypted: "x".repeat(5_000) },
  { name: "both", signature: "s", encrypted: "e" },
];

for (const { name, signature, encrypted } of foreign) {
  t.test(`decodeReasoningInput() gets back ${name} of another codec`, async (t) => {
    const content = encryptedContent({ signature, encrypted, origin: "anthropic-messages" });
    t.match(content, /^clrk_[A-Za-z0-9_-]+$/);
    const item = { summary: [{ text: "Hm" }], encrypted_content: content };
    t.same(decodeReasoningInput(item), {
      kind: "reasoning",
      text: "Hm",
      signature,
      encrypted,
      origin: "anthropic-messages",
    });
  });
}

t.test("encryptedContent() has nothing to keep of reasoning without proof", async (t) => {
  t.equal(encryptedContent({ signature: null, encrypted: null, origin: "bedrock-converse" }), null);
});

t.test("decodeReasoning() leaves what is wrapped as it is in answers", async (t) => {
  const content = encryptedContent({ signature: "s", encrypted: null, origin: "other" });
  const part = decodeReasoning({ summary: [{ text: "Hm" }], encrypted_content: content });
  t.same([part.signature, part.origin], [content, origin]);
});

for (const { name, content } of [
  { name: "no JSON", content: `clrk_${Buffer.from("{").toString("base64url")}` },
  { name: "no list", content: `clrk_${Buffer.from("{}").toString("base64url")}` },
  { name: "a wrong list", content: `clrk_${Buffer.from("[1,2,3]").toString("base64url")}` },
  { name: "a short list", content: `clrk_${Buffer.from('["a"]').toString("base64url")}` },
  { name: "nothing", content: "clrk_" },
]) {
  t.test(`decodeReasoningInput() takes a wrapper of ${name} for the provider's own`, async (t) => {
    const part = decodeReasoningInput({ summary: [], encrypted_content: content });
    t.same([part.encrypted, part.origin], [content, origin]);
  });
}
