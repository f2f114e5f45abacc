/** Models as paths name them (https://ai.google.dev/api/models): in a collection, which is `models` unless they say. */

const collections = ["models", "tunedModels", "endpoints"];

/** The path of a model below an API's version, its name escaped; `models/x`, `tunedModels/x` and `endpoints/x` are kept. */
export function modelPath(model: string): string {
  const slash = model.indexOf("/");
  const collection = model.slice(0, Math.max(slash, 0));
  const isIn = collections.includes(collection);
  return isIn
    ? `${collection}/${encodeURIComponent(model.slice(slash + 1))}`
    : `models/${encodeURIComponent(model)}`;
}
