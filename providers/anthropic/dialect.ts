/** The name of Anthropic's dialect: reasoning that came in it goes back to codecs that share the name only. */

/** Name of the codec of messages and origin of its reasoning. */
export const messagesDialect = "anthropic-messages";
