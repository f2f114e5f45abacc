import t from "tap";
import type { AnswerForm } from "./call-path.ts";
import { answerForm, methodOf, modelOf } from "./call-path.ts";

const forms: readonly (readonly [string, AnswerForm])[] = [
  ["/v1beta/models/a:generateContent", "whole"],
  ["/v1beta/models/a:generateContent?alt=sse", "whole"],
  ["/v1beta/models/a:streamGenerateContent", "array"],
  ["/v1beta/models/a:streamGenerateContent?", "array"],
  ["/v1beta/models/a:streamGenerateContent?alt=json", "array"],
  ["/v1beta/models/a:streamGenerateContent?key=alt=sse", "array"],
  ["/v1beta/models/a:streamGenerateContent?alt=sse", "sse"],
  ["/v1beta/models/a:streamGenerateContent?key=x&alt=sse", "sse"],
  ["/v1beta/models/a:streamGenerateContent?%61lt=sse", "sse"],
  ["/v1/projects/p/locations/l/publishers/google/models/a:streamGenerateContent?alt=sse", "sse"],
];

for (const [path, form] of forms) {
  t.test(`answerForm() of ${path} is ${form}`, async (t) => {
    t.equal(answerForm(path), form);
  });
}

t.test("methodOf() is what stands after the last colon of a path", async (t) => {
  t.equal(methodOf("/v1beta/models/a:embedContent"), "embedContent");
  t.equal(methodOf("/v1beta/models/a:b:embedContent?x=:y"), "embedContent");
  t.equal(methodOf("/v1beta/models/a"), "");
  t.equal(methodOf("/v1beta/models/a?x=:y"), "");
});

t.test("modelOf() keeps the collection of tuned models", async (t) => {
  t.equal(modelOf("/v1beta/models/a:generateContent", "a"), "a");
  t.equal(modelOf("/v1beta/tunedModels/a:generateContent", "a"), "tunedModels/a");
  t.equal(modelOf("/v1beta/models:generateContent", null), "");
});
