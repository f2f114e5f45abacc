import t from "tap";
import { fixedEnvironment, jsonOf } from "./fake-request.ts";
import { answerInputTokens } from "./openai-input-tokens.ts";
import { answerResponse } from "./openai-responses.ts";

const body = { model: "gpt-4.1", input: "Hello", instructions: "Be kind" };

t.test("answerInputTokens() counts what an answer would be charged for", async (test) => {
  const reply = answerInputTokens(body);
  test.equal(reply.status, 200);
  test.same(jsonOf(reply), { object: "response.input_tokens", input_tokens: 7 });
  test.match(jsonOf(answerResponse(body, fixedEnvironment)), { usage: { input_tokens: 7 } });
});

for (const { name, change, status, message } of [
  { name: "what only an answer needs", change: { store: false }, status: 400, message: /'store'/ },
  { name: "a bound of the answer", change: { max_output_tokens: 16 }, status: 400, message: /max/ },
  { name: "an unknown model", change: { model: "gpt-0" }, status: 404, message: /gpt-0/ },
  { name: "an input of another form", change: { input: 7 }, status: 400, message: /input/ },
  {
    name: "what the model does not support",
    change: { reasoning: { effort: "low" } },
    status: 400,
    message: /reasoning\.effort/,
  },
]) {
  t.test(`answerInputTokens() refuses ${name}`, async (test) => {
    const reply = answerInputTokens({ ...body, ...change });
    test.equal(reply.status, status);
    test.match(jsonOf(reply), { error: { message } });
  });
}
