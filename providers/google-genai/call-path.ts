/**
 * What the path of a call says beside its model: the method after the colon, and whether the stream is one of events
 * (https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent).
 */

/** How an answer is written: whole, as server-sent events, or as elements of a JSON array one after another. */
export type AnswerForm = "whole" | "sse" | "array";

/** The form that a path with its query asks for. */
export function answerForm(path: string): AnswerForm {
  const query = path.indexOf("?");
  const plain = query < 0 ? path : path.slice(0, query);
  if (!plain.endsWith(":streamGenerateContent")) return "whole";
  const parameters = new URLSearchParams(query < 0 ? "" : path.slice(query));
  return parameters.get("alt") === "sse" ? "sse" : "array";
}

/** The method after the last colon of a path; empty when it has none. */
export function methodOf(path: string): string {
  const query = path.indexOf("?");
  const plain = query < 0 ? path : path.slice(0, query);
  const colon = plain.lastIndexOf(":");
  return colon < 0 ? "" : plain.slice(colon + 1);
}

/** The model that a path names, as a served path takes it: tuned models keep the collection that they are in. */
export function modelOf(path: string, pathModel: string | null): string {
  if (pathModel === null) return "";
  return path.includes("/tunedModels/") ? `tunedModels/${pathModel}` : pathModel;
}
