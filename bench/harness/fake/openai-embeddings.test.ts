import t from "tap";
import { jsonOf } from "./fake-request.ts";
import { answerEmbeddings } from "./openai-embeddings.ts";

function answer(change: object) {
  return answerEmbeddings({ model: "text-embedding-3-small", input: "Hello", ...change });
}

function vectors(change: object): number[][] {
  const { data } = jsonOf(answer(change));
  return (Array.isArray(data) ? data : []).map(({ embedding }) => embedding);
}

t.test("answerEmbeddings() returns one unit vector for each input", async (test) => {
  const both = vectors({ input: ["Hello", "world"] });
  test.same(
    both.map(({ length }) => length),
    [1_536, 1_536],
  );
  test.ok(Math.abs(Math.hypot(...(both[0] ?? [])) - 1) < 1e-5);
  test.same(vectors({}), both.slice(0, 1), "the same text gives the same vector");
  test.equal(vectors({ input: [1, 2, 3] }).length, 1);
  test.equal(vectors({ input: [[1], [2]] }).length, 2);
  test.equal(vectors({ dimensions: 8 })[0]?.length, 8);
});

t.test(
  "answerEmbeddings() counts tokens and encodes base64 as little-endian floats",
  async (test) => {
    const json = jsonOf(
      answer({ dimensions: 4, encoding_format: "base64", input: ["Hello there", "x"] }),
    );
    test.match(json, { object: "list", usage: { prompt_tokens: 3, total_tokens: 3 } });
    const [first] = Array.isArray(json["data"]) ? json["data"] : [];
    const bytes = Buffer.from(String(first.embedding), "base64");
    const [plain] = vectors({ dimensions: 4, input: "Hello there" });
    test.same(
      [0, 4, 8, 12].map((at) => bytes.readFloatLE(at)),
      plain,
    );
  },
);

const rejected = [
  [{ model: "gpt-4.1" }, 404],
  [{ input: undefined }, 400],
  [{ input: "" }, 400],
  [{ input: [] }, 400],
  [{ input: ["a", ""] }, 400],
  [{ input: ["a", 1] }, 400],
  [{ input: [[]] }, 400],
  [{ input: Array.from({ length: 2_049 }, () => "a") }, 400],
  [{ dimensions: 1_537 }, 400],
  [{ encoding_format: "int8" }, 400],
  [{ extra: 1 }, 400],
] as const;

for (const [change, status] of rejected) {
  t.test(`answerEmbeddings() rejects ${JSON.stringify(change).slice(0, 60)}`, async (test) => {
    test.equal(answer(change).status, status);
  });
}
