/** The phases of one transaction as Envoy tells them, decoded as far as they are read. */

/** Which part of the transaction a message holds. */
export type Phase =
  | "request-headers"
  | "request-body"
  | "request-trailers"
  | "response-headers"
  | "response-body"
  | "response-trailers";

/** Headers or trailers of one message, decoded only where they are asked for. */
export interface HeaderView {
  /** First value of a header by its lower-case name, pseudo-headers such as `:path` included */
  find(name: string): string | undefined;
  /** All fields in their order; each value as Latin-1 when it is not UTF-8 */
  entries(): readonly (readonly [name: string, value: string])[];
}

/** One message of Envoy. Views and bodies are borrowed until the handler returns. */
export interface TransactionMessage {
  readonly phase: Phase;
  /** On headers: there is no body; on a body: nothing follows but perhaps trailers */
  readonly endOfStream: boolean;
  /** Empty in body phases */
  readonly headers: HeaderView;
  /** Empty outside of body phases */
  readonly body: Buffer;
}
