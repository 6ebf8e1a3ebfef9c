package dev.emberkv.engine;

/**
 * What is known of a key without its value.
 *
 * @param type what the value is
 * @param valueBytes how long it is
 * @param expiresAtMillis when the key is gone, in milliseconds since 1970, or {@link
 *     StringEntry#NEVER}
 * @param version differs between any two states of the key
 */
public record KeyInfo(ValueType type, int valueBytes, long expiresAtMillis, long version) {}
