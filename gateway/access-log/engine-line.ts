/**
 * An HTTP transaction that the engine saw, as the access log tells it: what is known before the engine's facts are
 * there. It shows nothing of itself, because its query may hold a credential that the engine put there.
 */

import type { PriceEntry } from "../../providers/prices.ts";
import type { CallFacts } from "../call-facts.ts";
import type { LineText } from "../record-lines.ts";
import type { EgressRecord } from "../record.ts";
import type { HttpMeasures, HttpOutline } from "./http-transaction.ts";
import { completeRecord } from "./http-transaction.ts";
import type { RecordJsonParts } from "./record-json.ts";
import { recordJson, targetJson } from "./record-json.ts";
import type { RecordStamps } from "./record-stamps.ts";

/** A record with its JSON on one line, where that was cheaper to make together. */
export interface ReadRecord {
  readonly record: EgressRecord;
  readonly json: LineText | undefined;
}

/** What the access log knows of the transaction. */
export interface EngineLineParts {
  readonly outline: HttpOutline;
  /** With the engine's id */
  readonly measures: HttpMeasures;
  readonly revision: number;
  readonly stamps: RecordStamps;
  /** Of the outline; undefined where nobody keeps them */
  readonly json: RecordJsonParts | undefined;
}

/** One transaction that waits for its facts. */
export class EngineLine {
  readonly #parts: EngineLineParts;

  constructor(parts: EngineLineParts) {
    this.#parts = parts;
  }

  /** Names the transaction to the engine and to us. */
  get id(): string {
    return this.#parts.measures.engineId;
  }

  /** No upstream was sent the whole request, so that none accepted it. Of several attempts it says what the last did. */
  get isUnsent(): boolean {
    return this.#parts.measures.sentMs === null;
  }

  /** The record; without facts it says nothing of the model, and its query is `[redacted]`. `prices` say what it costs. */
  complete(facts: CallFacts | undefined, prices?: readonly PriceEntry[]): ReadRecord {
    const { outline, measures, revision, stamps, json } = this.#parts;
    const record = completeRecord(outline, measures, {
      ...{ revision, stamps, facts },
      ...(prices !== undefined && { prices }),
    });
    if (json === undefined) return { record, json: undefined };
    // A refusal by the engine is not in the parts, and rare.
    const isOutlined = record.decision === outline.decision;
    return {
      record,
      json: isOutlined
        ? recordJson(record, json, targetJson(record.request))
        : JSON.stringify(record),
    };
  }
}
