/**
 * Ids of tool calls in a conversation that may have none: Gemini matches a call and its response by name and order. Made
 * up ids are the same whenever the same conversation is read.
 */

interface PendingCall {
  readonly id: string;
  readonly name: string;
}

/** Gives ids to the calls of one conversation, in order, and finds those that responses are of. */
export class CallIds {
  /** Calls that no response was found for yet */
  #pending: PendingCall[] = [];
  readonly #used = new Set<string>();
  #turn = 0;
  #countInTurn = 0;

  /** A turn of the model's begins. */
  beginTurn(turn: number): void {
    this.#turn = turn;
    this.#countInTurn = 0;
  }

  /** The id of a call: its own, else one made up of its place. */
  idOfCall(name: string, ownId: string | null): string {
    const id = ownId ?? `call_${this.#turn}_${this.#countInTurn}`;
    this.#countInTurn++;
    this.#used.add(id);
    this.#pending.push({ id, name });
    return id;
  }

  /**
   * The id of the call that a response is of: the pending one with its id, else the first pending one with its name. A
   * response to no call keeps its own id, or has one made up of its place.
   */
  idOfResponse(name: string, ownId: string | null, place: string): string {
    if (ownId !== null && this.#used.has(ownId)) {
      this.#take((call) => call.id === ownId);
      return ownId;
    }
    return this.#take((call) => call.name === name) ?? ownId ?? `call_${place}`;
  }

  #take(isIt: (call: PendingCall) => boolean): string | undefined {
    const at = this.#pending.findIndex(isIt);
    if (at < 0) return undefined;
    const [call] = this.#pending.splice(at, 1);
    return call?.id;
  }
}

/** The id of a call in an answer that has none: unlike those of other answers, as a conversation holds many. */
export function answeredCallId(responseId: string, index: number): string {
  const plain = responseId.replaceAll(/[^A-Za-z0-9]/g, "").slice(0, 40);
  return plain === "" ? `call_${index}` : `call_${plain}_${index}`;
}
