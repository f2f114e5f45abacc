/** Parts that replies to Envoy's HTTP filter have in common: header mutations, and the id that joins a record. */
import type { ProtobufWriter } from "./protobuf-writer.ts";
import { textBound } from "./protobuf-writer.ts";

/** Bytes of the tags and lengths around one header that is set. */
const headerOverhead = 16;

/** Bytes around one name in an order, beside those of a header. */
const groupOverhead = 24;

/** Bytes of everything in a reply that does not depend on its contents. */
const replyOverhead = 128;

const DYNAMIC_METADATA = 8;
const OVERWRITE_IF_EXISTS_OR_ADD = 2;

/** Namespace of our dynamic metadata and the key in it, as Envoy's access log asks for them: `clrk:id`. */
const metadataNamespace = "clrk";
const metadataKey = "id";
const pickKey = "pick";
const callKey = "call";
const orderNamespace = "clrk.order";

/** Headers to set and to remove, names in lower case. Removed first: a name in both is set. */
export interface HeaderChanges {
  /** Values are sent as UTF-8; each replaces all values of its name */
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly remove: readonly string[];
}

/** Upper bound of a reply's bytes with these parts, without a body. */
export function replyBound(changes: HeaderChanges, transactionId: string | undefined): number {
  let bytes = replyOverhead;
  for (const [name, value] of changes.set) {
    bytes += headerOverhead + textBound(name) + textBound(value);
  }
  for (const name of changes.remove) bytes += textBound(name);
  return transactionId === undefined ? bytes : bytes + textBound(transactionId);
}

/**
 * Writes a HeaderMutation as the field of this number, nothing when there is nothing to change. Values go into
 * raw_value: Envoy does not read `value`, and refuses a header that has both.
 */
export function writeHeaderChanges(
  writer: ProtobufWriter,
  field: number,
  { set, remove }: HeaderChanges,
): void {
  if (set.length === 0 && remove.length === 0) return;
  const mutation = writer.mark();
  for (let index = remove.length - 1; index >= 0; index--) {
    const name = remove[index];
    if (name !== undefined) writer.text(2, name);
  }
  for (let index = set.length - 1; index >= 0; index--) {
    const header = set[index];
    if (header === undefined) continue;
    const option = writer.mark();
    writer.number(3, OVERWRITE_IF_EXISTS_OR_ADD);
    const value = writer.mark();
    writer.text(3, header[1]);
    writer.text(1, header[0]);
    writer.block(1, value);
    writer.block(1, option);
  }
  writer.block(field, mutation);
}

/** The way that the engine picked, as dynamic metadata for Envoy's routes. */
export interface PickedWay {
  readonly pick: string;
  /** Names of the candidates in the order in which they are tried; absent: the way has only one */
  readonly order?: readonly string[];
  /** What attempts are told of the request as the agent sent it: printable ASCII */
  readonly call?: string;
}

/** Upper bound of the bytes of a way. */
export function wayBound({ pick, order = [], call = "" }: PickedWay): number {
  let bytes = replyOverhead + textBound(pick) + textBound(call);
  for (const name of order) bytes += headerOverhead + groupOverhead + textBound(name);
  return bytes;
}

/**
 * Writes dynamic_metadata that says which way was picked, with the id of a transaction that has none yet; what was
 * written before of the namespace stays.
 */
export function writeWay(
  writer: ProtobufWriter,
  { pick, order, call }: PickedWay,
  transactionId?: string,
): void {
  const outer = writer.mark();
  if (order !== undefined) writeOrder(writer, order);
  const start = writer.mark();
  if (transactionId !== undefined) writeTextField(writer, metadataKey, transactionId);
  if (call !== undefined) writeTextField(writer, callKey, call);
  writeTextField(writer, pickKey, pick);
  writeStructField(writer, start, metadataNamespace);
  writer.block(DYNAMIC_METADATA, outer);
}

/** `{"clrk.order": {"priority_groups": [{"name": …}, …]}}`, as Envoy's cluster specifier reads it. */
function writeOrder(writer: ProtobufWriter, order: readonly string[]): void {
  const start = writer.mark();
  for (let index = order.length - 1; index >= 0; index--) {
    const value = writer.mark();
    writeTextField(writer, "name", order[index] ?? "");
    writer.block(5, value);
    writer.block(1, value);
  }
  writer.block(6, start);
  writer.block(2, start);
  writer.text(1, "priority_groups");
  writer.block(1, start);
  writeStructField(writer, start, orderNamespace);
}

/** An entry of a map: a key, and everything since `start` as a struct. */
function writeStructField(writer: ProtobufWriter, start: number, key: string): void {
  writer.block(5, start);
  writer.block(2, start);
  writer.text(1, key);
  writer.block(1, start);
}

/** An entry of a struct: a key and a text. */
function writeTextField(writer: ProtobufWriter, key: string, text: string): void {
  const start = writer.mark();
  writer.text(3, text);
  writer.block(2, start);
  writer.text(1, key);
  writer.block(1, start);
}

/** Writes dynamic_metadata of a ProcessingResponse: `{"clrk": {"id": transactionId}}`. */
export function writeTransactionId(writer: ProtobufWriter, transactionId: string): void {
  const outer = writer.mark();
  writeStructValue(writer, transactionId);
  writer.text(1, metadataNamespace);
  writer.block(1, outer);
  writer.block(DYNAMIC_METADATA, outer);
}

/** Value 2 of the outer map: a struct of one text. */
function writeStructValue(writer: ProtobufWriter, id: string): void {
  const start = writer.mark();
  writer.text(3, id);
  writer.block(2, start);
  writer.text(1, metadataKey);
  writer.block(1, start);
  writer.block(5, start);
  writer.block(2, start);
}
