import t from "tap";
import { modelPath } from "./model-path.ts";

const paths: readonly (readonly [string, string])[] = [
  ["gemini-2.5-pro", "models/gemini-2.5-pro"],
  ["models/gemini-2.5-pro", "models/gemini-2.5-pro"],
  ["tunedModels/mine-1", "tunedModels/mine-1"],
  ["endpoints/123", "endpoints/123"],
  ["gemini@001", "models/gemini%40001"],
  ["a b?c=d#e", "models/a%20b%3Fc%3Dd%23e"],
  ["google/gemini", "models/google%2Fgemini"],
  ["models/../secrets", "models/..%2Fsecrets"],
  ["constructor/x", "models/constructor%2Fx"],
  ["", "models/"],
];

for (const [model, path] of paths) {
  t.test(`modelPath() of ${JSON.stringify(model)} is ${path}`, async (t) => {
    t.equal(modelPath(model), path);
  });
}
