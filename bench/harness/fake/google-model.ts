/** Models that the Google fake knows and what each takes. https://ai.google.dev/gemini-api/docs/models */

/** One model. */
export interface GoogleModel {
  readonly name: string;
  readonly operation: "text" | "embedding";
  /** Since Gemini 3 calls of tools carry ids and signatures, and thinking has levels */
  readonly generation: 2 | 3;
  /** Tokens that a thinking budget may have; 0 as least: thinking can be off */
  readonly budget: { readonly least: number; readonly most: number };
  /** Length of embedding vectors; 0 for others */
  readonly dimensions: number;
}

const text = { operation: "text", dimensions: 0 } as const;

const googleModels: readonly GoogleModel[] = [
  { ...text, name: "gemini-2.5-flash", generation: 2, budget: { least: 0, most: 24_576 } },
  { ...text, name: "gemini-2.5-pro", generation: 2, budget: { least: 128, most: 32_768 } },
  { ...text, name: "gemini-3.8-flash", generation: 3, budget: { least: 0, most: 32_768 } },
  { ...text, name: "gemini-3.1-pro-preview", generation: 3, budget: { least: 128, most: 32_768 } },
  {
    name: "gemini-embedding-001",
    operation: "embedding",
    generation: 2,
    budget: { least: 0, most: 0 },
    dimensions: 3_072,
  },
];

/** The model by its name without `models/`, for one operation. */
export function findGoogleModel(
  name: string,
  operation: GoogleModel["operation"],
): GoogleModel | undefined {
  return googleModels.find((model) => model.name === name && model.operation === operation);
}
