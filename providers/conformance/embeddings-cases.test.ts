import t from "tap";
import { embeddingsFeatures } from "../request-features.ts";
import { embeddingsAnswerCases, embeddingsRequestCases } from "./embeddings-cases.ts";

t.test("embeddingsRequestCases() use one feature at most each, and every one", async (t) => {
  const used = embeddingsRequestCases().map(({ request }) =>
    embeddingsFeatures(request).map(({ feature }) => feature),
  );
  t.ok(used.every((features) => features.length <= 1));
  t.same(used.flat().sort(), ["dimensions", "end-user", "token-input"]);
});

t.test(
  "embeddingsAnswerCases() have a vector for each input, in both forms for each that is asked for",
  async (t) => {
    for (const { name, request, response } of embeddingsAnswerCases()) {
      t.equal(response.vectors.length, request.inputs.length, name);
    }
    const forms = embeddingsAnswerCases().map(
      ({ request, response }) => `${typeof response.vectors[0]} for ${request.encoding}`,
    );
    t.same(new Set(forms).size, 4);
  },
);
