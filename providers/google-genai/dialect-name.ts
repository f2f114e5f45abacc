/** The name of Gemini's dialect, in which reasoning is signed. */

/** Name of the codec of conversations, and the origin of the reasoning that it decodes. */
export const dialectName = "gemini-generate-content";
