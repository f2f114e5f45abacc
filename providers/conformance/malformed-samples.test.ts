import t from "tap";
import { codecUses } from "./codec-use.ts";
import { chatSamples, countSamples, embeddingsSamples } from "./malformed-samples.ts";
import { allBut, mirrorProvider } from "./testdata/mirror-provider.ts";

t.test("samples are bodies that have the shapes which they name", async (t) => {
  for (const use of codecUses(mirrorProvider())) {
    const { codec } = use;
    const samples =
      codec.operation === "chat"
        ? chatSamples({ ...use, codec })
        : codec.operation === "count_tokens"
          ? countSamples({ ...use, codec })
          : embeddingsSamples({ ...use, codec });
    t.ok(samples.requests.length > 3, codec.name);
    t.ok(samples.answers.length > 0, codec.name);
    for (const body of samples.requests)
      t.same(samples.requestShape(JSON.parse(String(body)), ""), []);
    for (const body of samples.answers)
      t.same(samples.answerShape(JSON.parse(String(body)), ""), []);
  }
});

t.test("chatSamples() are of what the dialect expresses", async (t) => {
  const [use] = codecUses(mirrorProvider({ chat: { expresses: allBut("tools", "choices") } }));
  if (use?.codec.operation !== "chat") return;
  const samples = chatSamples({ ...use, codec: use.codec });
  t.notOk(samples.requests.some((body) => String(body).includes("get_weather")));
  t.notOk(samples.answers.some((body) => String(body).includes("Tails")));
});
