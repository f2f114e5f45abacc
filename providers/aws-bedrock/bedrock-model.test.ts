import t from "tap";
import { isClaude } from "./bedrock-model.ts";

const models: readonly [model: string, is: boolean][] = [
  ["anthropic.claude-3-haiku-20240307-v1:0", true],
  ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", true],
  ["global.anthropic.claude-opus-4-6-v1", true],
  ["arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2:1", true],
  ["arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.anthropic.claude-opus-5", true],
  ["arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3", false],
  ["amazon.nova-pro-v1:0", false],
  ["meta.llama3-3-70b-instruct-v1:0", false],
  ["openai.gpt-oss-120b-1:0", false],
  ["claude-sonnet-4-5", true],
  ["my-model", true],
];

for (const [model, is] of models) {
  t.test(`isClaude() says ${is ? "yes" : "no"} to "${model}"`, async (t) => {
    t.equal(isClaude(model), is);
  });
}
