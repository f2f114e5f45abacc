import t from "tap";
import { embeddingsFeatures } from "../request-features.ts";
import { embeddingsAnswerCases, embeddingsRequestCases } from "./embeddings-cases.ts";

t.test("embeddingsRequestCases() use one feature at most each, and every one", async (t) => {
  const used = embeddingsRequestCases().map(({ request }) =>
    embeddingsFeatures(request).map(({ feature }) => feature),
  );
  t.ok(used.every((features) => features.length <= 1));
  t.same(used.flat().sort(), ["base64-vectors", "dimensions", "end-user", "token-input"]);
});

t.test(
  "embeddingsAnswerCases() have a vector for each input, in the form that is asked for",
  async (t) => {
    for (const { name, request, response } of embeddingsAnswerCases()) {
      t.equal(response.vectors.length, request.inputs.length, name);
      const isText = response.vectors.every((vector) => typeof vector === "string");
      t.equal(isText, request.encoding === "base64", name);
    }
  },
);
