/** The chat call that `llm` sends to every contender: a conversation of four turns with settings, of any size. */

/** Model that agents ask for. */
export const askedModel = "gpt-4o-mini";
/** Model that serves the call where it is translated. */
export const servedModel = "claude-sonnet-4-5";

/** What a call is to be like. */
export interface ChatBodyOptions {
  /** Size in `bytes`; at least 600 */
  readonly bytes: number;
  readonly stream: boolean;
}

const filler = "Please read the following notes and answer briefly, in plain words. ";

/** A request to OpenAI's chat completions of exactly so many bytes, in ASCII. */
export function chatBody({ bytes, stream }: ChatBodyOptions): string {
  const withText = (text: string) =>
    JSON.stringify({
      model: askedModel,
      stream,
      ...(stream && { stream_options: { include_usage: true } }),
      temperature: 0.2,
      max_tokens: 512,
      messages: [
        { role: "system", content: "You are a careful assistant that answers in one paragraph." },
        { role: "user", content: "What is an egress gateway?" },
        { role: "assistant", content: "A place that every connection to the outside passes." },
        { role: "user", content: text },
      ],
    });
  const room = bytes - withText("").length;
  if (room < 1) throw new RangeError(`Cannot make a chat call of ${bytes} bytes: it is too short`);
  return withText(filler.repeat(Math.ceil(room / filler.length)).slice(0, room));
}
